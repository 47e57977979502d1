from tests.register.blank import blank, register

__all__ = ["blank", "register"]
