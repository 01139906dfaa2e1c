"""Which live alarm does a finding belong to?"""

from hub.rules.model import Finding


def key_of(finding: Finding) -> str:
    """Centre, subject and class: one live alarm for each."""
    return f"{finding.centre_id}:{finding.subject}:{finding.klass}"
