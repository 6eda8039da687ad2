"""Every action that is served, held against the service model that botocore carries: no parameter of it is unknown, and
each bound holds at its edges. What the model leaves to the service (a pattern, a name that is taken) is tested by noun."""

import botocore.session

from case import ClientCase
from wire import VERSIONS, Wire, body

MODEL = botocore.session.get_session().get_service_model("iam")
POLICY_ARN = "arn:aws:iam::aws:policy/AdministratorAccess"
DOCUMENT = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}'
# A value within the bounds for each member that some action requires.
RIGHT = {
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "AccountAlias": "some-alias",
    "GroupName": "nobody",
    "NewPassword": "Quiet!Harbour72x",
    "OldPassword": "Quiet!Harbour72x",
    "Password": "Quiet!Harbour72x",
    "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy",
    "PolicyDocument": DOCUMENT,
    "PolicyName": "none",
    "Status": "Active",
    "TagKeys": "key",
    "Tags": "value",
    "UserName": "nobody",
    "VersionId": "v1",
}
# Refused by name: nothing would come of them here.
NOT_SERVED = {
    ("CreateLoginProfile", "MaxSigninSessionDuration"),
    ("CreatePolicy", "Tags"),
    ("CreateUser", "PermissionsBoundary"),
    ("UpdateLoginProfile", "MaxSigninSessionDuration"),
    ("UpdateLoginProfile", "ResetMaxSigninSessionDuration"),
}
# Longer than a request may be, or of bounds that AWS says in one sentence of its own.
SAID_OTHERWISE = {"PolicyDocument", "AccountAlias"}


def parameters(name, value):
    """A list has its own form on the wire."""
    if name == "Tags":
        return {"Tags.member.1.Key": "key", "Tags.member.1.Value": value}
    return {"TagKeys.member.1": value} if name == "TagKeys" else {name: value}


def text_of(shape, length):
    """A text of that length which breaks nothing else."""
    pattern = shape.metadata.get("pattern", "")
    if length == 0:
        return ""
    if pattern.startswith(r"(\u002F)"):
        return "/" if length == 1 else "/" + "a" * (length - 2) + "/"
    if pattern.startswith(r"\u002F"):
        return "/" + "a" * (length - 1)
    if shape.name == "arnType":
        return (POLICY_ARN + "a" * length)[:length]
    if shape.name == "passwordType":
        # Nothing else is filled like this: the search for secrets after the run looks for every password.
        return ("q7" * length)[:length]
    return "v1." + "a" * (length - 3) if shape.name == "policyVersionIdType" else "a" * length


class ServiceModel(ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wire = Wire(cls.server, cls.admin.key)
        cls.served = [MODEL.operation_model(name) for name in MODEL.operation_names if cls.is_served(name)]

    @classmethod
    def is_served(cls, name):
        return cls.wire.call(body(name)).find("Code") != "InvalidAction"

    def ask(self, operation, **given):
        """With all that is required, but for what is given otherwise; a member that is None is left out."""
        required = {name: RIGHT[name] for name in operation.input_shape.required_members} if operation.input_shape else {}
        values = {name: value for name, value in (required | given).items() if value is not None}
        sent = {key: text for name, value in values.items() for key, text in parameters(name, value).items()}
        return self.wire.call(body(operation.name, **sent))

    def members(self, served=True):
        for operation in self.served:
            for name, shape in (operation.input_shape.members if operation.input_shape else {}).items():
                if not served or (operation.name, name) not in NOT_SERVED:
                    yield operation, name, shape

    def is_refused(self, answer, what, clause):
        said = answer.find("Message") or ""
        self.assertEqual((answer.status, answer.find("Code")), (400, "ValidationError"), f"{what}: {answer.text}")
        self.assertIn(clause, said, what)

    def test_all_actions_are_served_that_the_readme_names(self):
        self.assertGreaterEqual(len(self.served), 53)
        self.assertEqual(VERSIONS["iam"], MODEL.api_version)

    def test_no_parameter_of_the_model_is_unknown(self):
        for operation, name, shape in self.members(served=False):
            value = RIGHT.get(name) or (shape.enum[0] if getattr(shape, "enum", None) else "1")
            said = self.ask(operation, **{name: value}).find("Message") or ""
            self.assertNotIn("is not recognized", said, f"{operation.name} {name}")
            self.assertEqual("is not supported by this server" in said, (operation.name, name) in NOT_SERVED, said)

    def test_a_parameter_that_is_required_must_not_be_missing(self):
        for operation, name, _ in self.members():
            if name in operation.input_shape.required_members and name != "UserName" or name == "PolicyName":
                clause = f"Value at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
                self.is_refused(self.ask(operation, **{name: None}), f"{operation.name} {name}", clause)

    def test_a_text_has_its_bounds_at_their_edges(self):
        for operation, name, shape in self.members():
            if shape.type_name != "string" or name in SAID_OTHERWISE:
                continue
            least, most = shape.metadata.get("min"), shape.metadata.get("max")
            for bound, length, words in [(least, (least or 0) - 1, "greater"), (most, (most or 0) + 1, "less")]:
                if bound is None or length < 0:
                    continue
                what = f"{operation.name} {name} of {length}"
                clause = f"failed to satisfy constraint: Member must have length {words} than or equal to {bound}"
                self.is_refused(self.ask(operation, **{name: text_of(shape, length)}), what, clause)
                answer = self.ask(operation, **{name: text_of(shape, bound)})
                self.assertNotIn("Member must have length", answer.find("Message") or "", what)

    def test_a_number_has_its_bounds_at_their_edges(self):
        for operation, name, shape in self.members():
            if shape.type_name != "integer":
                continue
            least, most = shape.metadata["min"], shape.metadata["max"]
            for value, words in [(least - 1, f"greater than or equal to {least}"), (most + 1, f"less than or equal to {most}")]:
                clause = f"failed to satisfy constraint: Member must have value {words}"
                self.is_refused(self.ask(operation, **{name: str(value)}), f"{operation.name} {name} {value}", clause)
            for value in (least, most):
                answer = self.ask(operation, **{name: str(value)})
                self.assertNotIn("Member must have value", answer.find("Message") or "", f"{operation.name} {name}")
            clause = "Member must be a whole number"
            self.is_refused(self.ask(operation, **{name: "ten"}), f"{operation.name} {name}", clause)

    def test_what_is_one_of_a_few_is_none_else_and_a_switch_is_on_or_off(self):
        for operation, name, shape in self.members():
            if getattr(shape, "enum", None):
                clause = "failed to satisfy constraint: Member must satisfy enum value set"
                self.is_refused(self.ask(operation, **{name: "Else"}), f"{operation.name} {name}", clause)
            if shape.type_name == "boolean":
                clause = "failed to satisfy constraint: Member must be true or false"
                self.is_refused(self.ask(operation, **{name: "yes"}), f"{operation.name} {name}", clause)
