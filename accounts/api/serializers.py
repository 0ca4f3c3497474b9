from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from accounts.models import User
from api.fields import Line, Text


class AccountSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["id", "email", "name"]


class NewAccountSerializer(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = Text(max_length=128, trim_whitespace=False, write_only=True)
    name = Line(max_length=150)

    def validate_email(self, email):
        email = User.objects.normalize_email(email)
        if len(email) > 254:  # the small letters of a domain may be more than its large ones
            raise serializers.ValidationError(self.fields["email"].error_messages["invalid"])
        return email

    def validate(self, fields):
        try:
            validate_password(fields["password"], User(email=fields["email"], name=fields["name"]))
        except ValidationError as error:
            raise serializers.ValidationError({"password": error.messages}) from None
        return fields


class CredentialsSerializer(serializers.Serializer):
    email = Text(max_length=254)
    password = Text(max_length=128, trim_whitespace=False, write_only=True)


class SessionSerializer(serializers.Serializer):
    token = serializers.CharField()
    expires_at = serializers.DateTimeField()
