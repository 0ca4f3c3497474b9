import json
from collections import defaultdict
from dataclasses import replace
from itertools import product
from math import dist
from pathlib import Path

import pytest

from reservations.seating_plans import MOST_SEATS, Grade, Layout, SeatingPlanInvalid, read_csv, read_pretix
from reservations.seating_plans.demo import arena, club, hall

PLANS = Path(__file__).parent / "plans"


@pytest.fixture
def theatre():
    return read_pretix((PLANS / "theatre.json").read_bytes())


def plan(*seats, **changes):
    """A plan as pretix's editors write it, with one row."""
    zone = {"name": "Stalls", "position": {"x": 0, "y": 0}, "rows": [{"row_number": "A", "seats": list(seats)}]}
    return {"name": "Plan", "size": {"width": 9, "height": 9}, "categories": [], "zones": [zone]} | changes


def seat(number=1, **changes):
    seat = {"seat_guid": f"s{number}", "seat_number": str(number), "category": "", "position": {"x": 1, "y": 2}}
    return seat | changes


def faults_of(read, source):
    with pytest.raises(SeatingPlanInvalid) as caught:
        read(source)
    return caught.value.faults


class TestAPlanOfPretix:
    def test_has_its_name_and_size(self, theatre):
        assert (theatre.name, theatre.width, theatre.height) == ("Small theatre", 400.0, 300.0)

    def test_has_each_seat_in_the_order_of_the_file(self, theatre):
        names = [(seat.guid, seat.section, seat.row, seat.number, seat.grade) for seat in theatre.seats]
        assert names == [
            ("a1", "Stalls", "A", "1", "R"),
            ("a2", "Stalls", "A", "2", "S"),
            ("b1", "Stalls", "Boxes", "1", "Standard"),
            ("c1", "Balcony", "A", "1", "S"),
        ]

    def test_adds_up_the_positions_of_zone_row_and_seat(self, theatre):
        places = [(seat.x, seat.y) for seat in theatre.seats]
        assert places == [(105.0, 60.0), (130.12, 62.0), (100.0, 110.0), (0.0, 200.0)]

    def test_tells_wheelchair_places_and_restricted_views(self, theatre):
        assert [seat.accessible for seat in theatre.seats] == [False, False, True, True]
        assert [seat.restricted_view for seat in theatre.seats] == [False, True, False, False]

    def test_has_the_grades_that_its_seats_have_each_with_a_color(self, theatre):
        colors = {grade.name: grade.color for grade in theatre.grades}
        assert list(colors) == ["R", "S", "Standard"]
        assert colors["R"] == "#cc8888"
        assert colors["S"] and colors["Standard"]

    def test_has_its_areas_where_they_are_in_the_room(self, theatre):
        stage, polygon = theatre.areas
        assert (stage["shape"], stage["x"], stage["y"], stage["width"], stage["height"]) == (
            "rectangle", 80.0, 10.0, 160.0, 30.0,
        )  # fmt: skip
        assert stage["text"] == {"text": "Stage", "x": 160.0, "y": 25.0, "size": 18.0, "color": "#ffffff"}
        assert polygon["points"] == [[110.0, 70.0], [140.0, 70.0], [125.0, 95.5]]

    @pytest.mark.parametrize(
        ("area", "expected"),
        [
            ({"shape": "circle", "circle": {"radius": 5}}, {"radius": 5.0}),
            ({"shape": "circle", "radius": 5}, {"radius": 5.0}),
            ({"shape": "ellipse", "ellipse": {"radius": {"x": 3, "y": 4}}}, {"rx": 3.0, "ry": 4.0}),
            ({"shape": "text", "text": {"text": "Bar"}}, {"x": 7.0}),
            ({"width": 10, "height": 4, "text": "Bar"}, {"shape": "rectangle", "width": 10.0, "height": 4.0}),
            ({"shape": "text", "text": {"text": "Bar"}, "rotation": 90}, {"rotation": 90.0}),
        ],
    )
    def test_may_have_areas_of_any_shape(self, area, expected):
        zone = plan(seat())["zones"][0] | {"areas": [area | {"position": {"x": 7, "y": 8}}]}
        read = read_pretix(plan(zones=[zone])).areas[0]
        assert expected.items() <= read.items()

    def test_may_be_a_dict_or_text_with_a_byte_order_mark(self):
        assert read_pretix(plan(seat())) == read_pretix("\ufeff" + json.dumps(plan(seat())))

    def test_is_measured_if_it_names_no_size(self):
        layout = read_pretix(plan(seat(1, position={"x": -50, "y": 0}), seat(2, position={"x": 50, "y": 0}), size=None))
        assert all(0 < seat.x < layout.width and 0 < seat.y < layout.height for seat in layout.seats)

    def test_may_have_korean_names(self):
        zone = plan(seat(category="전석"))["zones"][0] | {"name": "1층 가구역"}
        read = read_pretix(json.dumps(plan(zones=[zone], categories=[{"name": "전석"}])).encode())
        assert (read.seats[0].section, read.seats[0].grade) == ("1층 가구역", "전석")


class TestABadPlanOfPretix:
    def test_is_refused_with_every_fault_and_its_place(self):
        assert faults_of(read_pretix, (PLANS / "broken.json").read_bytes()) == (
            "size.width: must be more than 0, not 0",
            'size.height: must be a number, not "tall"',
            'categories[0].color: "url(https://example.org/pixel)" is not a color',
            "categories[1].name: the same as categories[0]",
            "categories[2].name: is missing",
            "zones[0].position.y: must be a number up to 1,000,000, not NaN",
            "zones[0].rows[0].seats[0].position.x: must be a number, not true",
            'zones[0].rows[0].seats[1].position.x: must be a number, not "1"',
            "zones[0].rows[0].seats[1].position.y: must be a number up to 1,000,000, not Infinity",
            "zones[0].rows[0].seats[1].seat_guid: the same as zones[0].rows[0].seats[0]",
            'zones[0].rows[0].seats[2].category: "Gold" is not among the categories (R)',
            "zones[0].rows[0].seats[2]: section Stalls, row A, seat 1 is there already, at zones[0].rows[0].seats[0]",
            "zones[0].rows[0].seats[3].position: must be an object, not [0, 0]",
            "zones[0].rows[0].seats[3].seat_guid: is empty",
            "zones[0].rows[0].seats[3].seat_number: is missing",
            'zones[0].rows[0].seats[3].category: "5" is not among the categories (R)',
            'zones[0].rows[0].seats[3].wheelchair: must be true or false, not "yes"',
            'zones[0].rows[0].seats[4]: must be an object, not "seat"',
            "zones[0].rows[1].seats: is missing",
            "zones[0].areas[0].shape: must be one of circle, ellipse, polygon, rectangle, text",
            "zones[0].areas[1].circle.radius: must be more than 0, not -1",
            "zones[1].position: is missing",
        )

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("", "line 1, column 1: not JSON (Expecting value)"),
            ('{"name":\n]', "line 2, column 1: not JSON (Expecting value)"),
            (b"\xff\xfe{}", "the file: not UTF-8 text, byte 1"),
            ("[" * 200_000, "the file: its JSON is nested too deeply for a plan"),
            ('{"size": ' + "9" * 5000 + "}", "the file: it has a number of thousands of digits"),
            ("[]", "the file: must be an object, not []"),
        ],
    )
    def test_may_be_no_plan_at_all(self, text, fault):
        assert faults_of(read_pretix, text) == (fault,)

    def test_may_lack_everything(self):
        assert faults_of(read_pretix, {}) == ("name: is missing", "categories: is missing", "zones: is missing")

    def test_may_have_no_seats(self):
        assert faults_of(read_pretix, plan()) == ("zones: the plan has no seats",)

    def test_may_have_too_many_seats(self):
        seats = (seat(number) for number in range(MOST_SEATS + 1))
        assert faults_of(read_pretix, plan(*seats)) == ("zones: the plan has 100,001 seats, the most is 100,000",)

    @pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "\ud800"])
    def test_may_have_text_that_no_database_or_screen_should_get(self, text):
        (fault,) = faults_of(read_pretix, plan(seat(seat_number=text)))
        assert fault == "zones[0].rows[0].seats[0].seat_number: has a control character or half a surrogate pair"

    def test_may_have_a_label_longer_than_a_ticket(self):
        (fault,) = faults_of(read_pretix, plan(seat(seat_number="1" * 51)))
        assert fault == "zones[0].rows[0].seats[0].seat_number: has 51 characters, the most is 50"

    def test_has_no_fault_for_what_follows_from_another(self):
        rows = [{"seats": [seat(1)]}, {"seats": [seat(1, seat_guid="other")]}]
        zone = plan()["zones"][0] | {"rows": rows}
        places = ("zones[0].rows[0]", "zones[0].rows[1]")
        assert faults_of(read_pretix, plan(zones=[zone])) == tuple(f"{p}.row_number: is missing" for p in places)


class TestACsvPlan:
    def test_has_what_its_lines_say(self):
        layout = read_csv((PLANS / "theatre.csv").read_bytes(), name="Theatre")
        assert layout.name == "Theatre"
        names = [(seat.section, seat.row, seat.number, seat.grade) for seat in layout.seats]
        assert names == [("Stalls", "A", "1", "R"), ("Stalls", "A", "2", "R"), ("Balcony; left", "A", "1", "S")]
        assert [seat.accessible for seat in layout.seats] == [True, False, False]
        assert [seat.restricted_view for seat in layout.seats] == [False, False, True]
        assert [grade.name for grade in layout.grades] == ["R", "S"]

    def test_keeps_the_distances_of_the_positions_it_has(self):
        first, second, third = read_csv((PLANS / "theatre.csv").read_bytes()).seats
        assert (second.x - first.x, second.y - first.y) == (25.0, 0.0)
        assert (third.x - first.x, third.y - first.y) == (0.0, 99.5)

    def test_may_have_commas_and_no_positions(self):
        layout = read_csv("Section,Row,Number,Grade\nA,1,10,R\nA,1,9,R\nA,2,1,R\nB,1,1,R\n")
        assert len({(seat.x, seat.y) for seat in layout.seats}) == 4
        ten, nine, second_row, other_section = layout.seats
        assert nine.x < ten.x and nine.y == ten.y
        assert ten.y < second_row.y < other_section.y
        assert [area["text"]["text"] for area in layout.areas] == ["A", "B"]

    def test_lays_out_below_the_others_what_has_no_position(self):
        placed, other = read_csv("section,row,number,grade,x,y\nA,1,1,R,500,300\nA,1,2,R,,\n").seats
        assert other.y > placed.y

    def test_has_room_for_all_its_seats(self):
        layout = read_csv("section,row,number,grade,x,y\nA,1,1,R,-900,0\nA,1,2,R,50,-7\n")
        assert all(0 < seat.x < layout.width and 0 < seat.y < layout.height for seat in layout.seats)

    def test_gives_each_seat_a_guid_of_its_own(self):
        layout = read_csv("section,row,number,grade\nA/1,2,3,R\nA,1/2,3,R\nA,1,2/3,R\n")
        assert len({seat.guid for seat in layout.seats}) == 3


class TestABadCsvPlan:
    def test_is_refused_with_every_fault_and_its_line(self):
        assert faults_of(read_csv, (PLANS / "broken.csv").read_bytes()) == (
            "line 3: number is missing",
            "line 4: section Stalls, row A, seat 1 is there already, at line 2",
            "line 5: grade is missing",
            "line 5: y is missing beside x",
            'line 6: x must be a number, not "nan"',
            'line 6: y must be a number, not "1_0"',
            'line 6: accessible must be yes or no, not "perhaps"',
            "line 7: has 9 columns, the header has 7",
        )

    @pytest.mark.parametrize(
        ("text", "faults"),
        [
            ("", ("line 1: the header is missing",)),
            ("section,row,grade\n", ("line 1: the column number is missing",)),
            ("section,row,row,number,grade\n", ("line 1: the column row is there 2 times",)),
            ("section,row,number,grade\n", ("the file: the plan has no seats",)),
            (b"section,row,number,grade\n\xff", ("the file: not UTF-8 text, byte 26",)),
            (
                "section,row,number,grade\nA,1,1,R\x1b",
                ("line 2: grade has a control character or half a surrogate pair",),
            ),
            (
                "section,row,number,grade,x,y\nA,1,1,R,2000000,1",
                ("line 2: x must be a number up to 1,000,000, not 2000000",),
            ),
        ],
    )
    def test_may_be_no_plan_at_all(self, text, faults):
        assert faults_of(read_csv, text) == faults

    def test_counts_lines_as_an_editor_does(self):
        text = 'section,row,number,grade\n"A\nB",1,1,R\n\nA,1,,R\n'
        assert faults_of(read_csv, text) == ("line 5: number is missing",)

    def test_may_have_too_many_seats(self):
        text = "section,row,number,grade\n" + "".join(f"A,1,{n},R\n" for n in range(MOST_SEATS + 1))
        assert faults_of(read_csv, text) == ("the file: the plan has 100,001 seats, the most is 100,000",)


class TestALayout:
    def test_comes_back_from_its_json(self, theatre):
        assert Layout.from_json(json.loads(json.dumps(theatre.to_json()))) == theatre

    def test_says_in_its_json_what_a_seat_is(self):
        layout = replace(read_pretix(plan(seat())), grades=(Grade("Standard", "#000"),))
        assert layout.to_json() == {
            "name": "Plan",
            "width": 9.0,
            "height": 9.0,
            "grades": [{"name": "Standard", "color": "#000"}],
            "seats": [
                {
                    "guid": "s1",
                    "section": "Stalls",
                    "row": "A",
                    "number": "1",
                    "grade": "Standard",
                    "x": 1.0,
                    "y": 2.0,
                    "accessible": False,
                    "restricted_view": False,
                }
            ],
            "areas": [],
        }


@pytest.mark.parametrize(("room", "seats"), [(club, 50), (hall, 1_000), (arena, 10_000)])
class TestADemoRoom:
    def test_has_about_so_many_seats(self, room, seats):
        assert len(room().seats) == pytest.approx(seats, rel=0.03)

    def test_is_the_same_at_every_call(self, room, seats):
        assert room() == room()

    def test_has_no_two_seats_of_one_name_or_guid(self, room, seats):
        layout = room()
        assert len({seat.guid for seat in layout.seats}) == len(layout.seats)
        assert len({(seat.section, seat.row, seat.number) for seat in layout.seats}) == len(layout.seats)

    def test_has_room_between_its_seats_and_around_them(self, room, seats):
        layout = room()
        assert all(12 <= seat.x <= layout.width - 12 and 12 <= seat.y <= layout.height - 12 for seat in layout.seats)
        assert nearest([(seat.x, seat.y) for seat in layout.seats]) > 16

    def test_has_grades_wheelchair_places_restricted_views_and_a_stage(self, room, seats):
        layout = room()
        assert len(layout.grades) >= 2
        assert any(seat.accessible for seat in layout.seats)
        assert any(seat.restricted_view for seat in layout.seats)
        assert any(area["text"] and area["text"]["text"] == "STAGE" for area in layout.areas)


def nearest(points):
    """The smallest distance of two of the points, if that is under 100."""
    cells = defaultdict(list)
    for x, y in points:
        for cell in product((x // 100 - 1, x // 100, x // 100 + 1), (y // 100 - 1, y // 100, y // 100 + 1)):
            cells[cell].append((x, y))
    return min(dist(a, b) for a, b in neighbours(points, cells))


def neighbours(points, cells):
    return ((a, b) for a in points for b in cells[a[0] // 100, a[1] // 100] if a != b)
