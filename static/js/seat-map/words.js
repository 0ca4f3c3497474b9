// What the seat map says, in the language of the page.

const ENGLISH = {
  map: "Seat map",
  seat: (section, row, number) => [`Section ${section}`, row && `row ${row}`, `seat ${number}`].filter(Boolean).join(", "),
  free: "free",
  taken: "taken",
  mine: "yours",
  chosen: "chosen",
  waiting: "not known yet",
  accessible: "wheelchair place",
  restricted: "restricted view",
  left: (count) => `${count} left`,
  soldOut: "sold out",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  whole: "Show the whole map",
  limit: (count) => `You can choose ${count} seats. Give one up to choose another.`,
  gone: (names) => `Just taken by somebody else: ${names}.`,
  noPlan: "The seat map can't be loaded. Please load the page again.",
  notSignedIn: "Please sign in to see which seats are free.",
  notYourTurn: "It is not your turn, or your time is over. Please go back to the waiting room.",
  unavailable: "Seats can't be checked at the moment. We keep trying; you keep your place.",
};

const KOREAN = {
  map: "좌석 배치도",
  seat: (section, row, number) => [`${section} 구역`, row && `${row}열`, `${number}번`].filter(Boolean).join(" "),
  free: "선택 가능",
  taken: "판매 완료",
  mine: "내 좌석",
  chosen: "선택함",
  waiting: "확인 중",
  accessible: "휠체어석",
  restricted: "시야제한석",
  left: (count) => `${count}석 남음`,
  soldOut: "매진",
  zoomIn: "확대",
  zoomOut: "축소",
  whole: "전체 보기",
  limit: (count) => `좌석은 ${count}개까지 선택할 수 있습니다. 다른 좌석을 고르려면 하나를 해제해 주세요.`,
  gone: (names) => `방금 다른 분이 선택한 좌석입니다: ${names}`,
  noPlan: "좌석 배치도를 불러오지 못했습니다. 페이지를 새로고침해 주세요.",
  notSignedIn: "좌석 현황을 보려면 로그인해 주세요.",
  notYourTurn: "아직 순서가 아니거나 이용 시간이 끝났습니다. 대기실로 돌아가 주세요.",
  unavailable: "지금은 좌석을 확인할 수 없습니다. 계속 시도하고 있으며 순서는 유지됩니다.",
};

export function wordsFor(language) {
  const words = language.startsWith("ko") ? KOREAN : ENGLISH;
  const numbers = new Intl.NumberFormat(language || "en");
  return { ...words, points: (amount) => `${numbers.format(amount)} P`, number: (n) => numbers.format(n) };
}
