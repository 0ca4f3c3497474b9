"""JSON's types taken at their word: "1", 1.0 and true are no whole numbers, 1 is no text."""

from rest_framework import serializers


class WholeNumber(serializers.IntegerField):
    def to_internal_value(self, data):
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class Text(serializers.CharField):
    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Line(Text):
    """Text without line breaks and control characters: fit for mails and lists."""

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        if not text.isprintable():
            self.fail("invalid")
        return text


class Id(serializers.UUIDField):
    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)
