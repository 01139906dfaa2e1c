"""Who may be somebody's relative, and who may confirm that and explain a consent?"""

from hub.access.model import Role


def may_be_relative(role: Role) -> bool:
    """Whether an account with this role may have a relation to a senior."""
    return role is Role.FAMILY


def may_confirm(role: Role) -> bool:
    """Whether an account with this role may confirm a relation."""
    return role is not Role.FAMILY


def may_explain(role: Role) -> bool:
    """Whether an account with this role may explain a consent to a senior."""
    return role is not Role.FAMILY
