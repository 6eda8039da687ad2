"""What the service says no with: HTTP status, code, message. The words are AWS's, recorded or quoted from real answers,
or from its documentation; a pattern stands where AWS's own words are not known or not to be copied."""

import re
from typing import NamedTuple


class Refusal(NamedTuple):
    status: int
    code: str
    message: object

    def says(self, message):
        if isinstance(self.message, re.Pattern):
            return self.message.fullmatch(message) is not None
        return self.message == message


def like(pattern):
    """A message that fits; `.` fits line ends too."""
    return re.compile(pattern, re.DOTALL)


INVALID_TOKEN = Refusal(403, "InvalidClientTokenId", like(r"The security token included in the request is invalid\.?"))
WRONG_SIGNATURE = Refusal(
    403,
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.",
)
NO_TOKEN = Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
OLD_PASSWORD = Refusal(403, "AccessDenied", "The old password was incorrect.")
ANY_DENIAL = Refusal(403, "AccessDenied", like(r"User: \S+ is not authorized to perform: .*"))
INVALID_ARN = Refusal(400, "ValidationError", "Invalid ARN:  Could not be parsed!")


def no_such_entity(message):
    return Refusal(404, "NoSuchEntity", message)


def no_such_user(name):
    return no_such_entity(f"The user with name {name} cannot be found.")


def no_such_group(name):
    return no_such_entity(f"The group with name {name} cannot be found.")


def no_login_profile(name):
    return no_such_entity(f"Login Profile for User {name} cannot be found.")


def no_such_key(key_id):
    return no_such_entity(like(rf"The Access Key with id {re.escape(key_id)} cannot be found\.?"))


def not_attachable(arn):
    return no_such_entity(f"Policy {arn} does not exist or is not attachable.")


def not_attached(arn):
    return no_such_entity(f"Policy {arn} was not found.")


def already_exists(message):
    return Refusal(409, "EntityAlreadyExists", message)


def delete_conflict(first):
    return Refusal(409, "DeleteConflict", f"Cannot delete entity, must {first} first.")


def limit(message):
    return Refusal(409, "LimitExceeded", message)


def malformed_policy(message=r".+"):
    return Refusal(400, "MalformedPolicyDocument", like(message))


def invalid(*errors):
    """Each is (member, constraint). AWS joins them, and leaves the value out."""
    count = f"{len(errors)} validation error{'s' if len(errors) > 1 else ''} detected: "
    found = [
        f"Value at '{member}' failed to satisfy constraint: Member must {constraint}" for member, constraint in errors
    ]
    return Refusal(400, "ValidationError", count + "; ".join(found))


def null(member):
    return invalid((member, "not be null"))


def at_most(member, bound):
    return invalid((member, f"have value less than or equal to {bound}"))


def at_least(member, bound):
    return invalid((member, f"have value greater than or equal to {bound}"))


def too_long(member, bound):
    return invalid((member, f"have length less than or equal to {bound}"))


def too_short(member, bound):
    return invalid((member, f"have length greater than or equal to {bound}"))


def not_in_set(member):
    return invalid((member, "satisfy enum value set"))


def bad_characters(member):
    """What AWS says of a name."""
    message = (
        f"The specified value for {member} is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )
    return Refusal(400, "ValidationError", message)


def breaks_policy(*reasons):
    """AWS's sentence, and after it every broken rule."""
    sentence = re.escape("Password does not conform to the account password policy.")
    named = "".join(rf"(?=.*{reason})" for reason in reasons)
    return Refusal(400, "PasswordPolicyViolation", like(rf"{sentence}{named} .+"))


def denied(person, action, resource):
    """Nothing allows it."""
    message = (
        f"User: {person.arn} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return Refusal(403, "AccessDenied", message)


def denied_by(person, action, resource, policy_arn=None):
    """A Deny in an inline policy, or in the managed policy of this ARN."""
    message = (
        f"User: {person.arn} is not authorized to perform: {action} on resource: {resource} "
        f"with an explicit deny in an identity-based policy" + (f": {policy_arn}" if policy_arn else "")
    )
    return Refusal(403, "AccessDenied", message)
