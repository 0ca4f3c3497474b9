from settlement.models.line import Line

__all__ = ["Line"]
