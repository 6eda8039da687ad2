"""What goes over the wire: signatures, envelopes, and requests that no client sends by itself."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from botocore import UNSIGNED

from browser import HOME
from case import NEW, OLD, ClientCase
from clients import SESSION, client, clock
from people import allow
from refusals import INVALID_TOKEN, NO_TOKEN, OLD_PASSWORD, WRONG_SIGNATURE, Refusal, like
from wire import FORM, VERSIONS, Wire, body

GET_USER = body("GetUser")
IDENTITY = body("GetCallerIdentity", "sts")
NAMESPACES = {"iam": "https://iam.amazonaws.com/doc/2010-05-08/", "sts": "https://sts.amazonaws.com/doc/2011-06-15/"}
STAMP = r"\d{8}T\d{6}Z"


class WireCase(ClientCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wire = Wire(cls.server, cls.admin.key)

    def answers(self, status, code, answer, message=r".*"):
        """An error in AWS's envelope."""
        self.assertEqual(
            (answer.status, answer.name, answer.find("Code")), (status, "ErrorResponse", code), answer.text
        )
        self.assertTrue(Refusal(status, code, like(message)).says(answer.find("Message")), answer.find("Message"))
        self.assertEqual(answer.find("Type"), "Sender")
        self.enveloped(answer)

    def enveloped(self, answer):
        self.assertRegex(answer.headers["Content-Type"], r"^text/xml\b")
        self.assertTrue(answer.find("RequestId"))
        self.assertEqual(answer.headers["x-amzn-RequestId"], answer.find("RequestId"))
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn("no-store", answer.headers["Cache-Control"])
        self.assertIsNone(answer.headers["Set-Cookie"])
        self.assertIsNone(answer.headers["Access-Control-Allow-Origin"])

    def is_there(self, name):
        return name in [user["UserName"] for user in self.admin.iam.list_users()["Users"]]


class Envelopes(WireCase):
    def test_an_answer_has_the_envelope_of_its_service(self):
        for service, text, name in [("iam", GET_USER, "GetUser"), ("sts", IDENTITY, "GetCallerIdentity")]:
            answer = self.wire.call(text, service=service)
            self.assertEqual(
                (answer.status, answer.name, answer.namespace), (200, f"{name}Response", NAMESPACES[service])
            )
            self.assertIsNotNone(answer.find(f"{name}Result"))
            self.enveloped(answer)

    def test_an_answer_without_a_result_has_no_element_for_it(self):
        answer = self.wire.call(
            body("TagUser", UserName="admin", **{"Tags.member.1.Key": "a", "Tags.member.1.Value": "b"})
        )
        self.assertEqual([child.tag.split("}")[1] for child in answer.root], ["ResponseMetadata"])
        self.enveloped(answer)

    def test_an_error_has_the_envelope_of_its_service(self):
        answer = self.wire.call(body("GetUser", UserName="nobody"))
        self.answers(404, "NoSuchEntity", answer)
        self.assertEqual(answer.namespace, NAMESPACES["iam"])
        answer = self.wire.call(body("AssumeRole", "sts"), service="sts")
        self.answers(400, "InvalidAction", answer)
        self.assertEqual(answer.namespace, NAMESPACES["sts"])

    def test_every_answer_has_a_request_id_of_its_own(self):
        ids = {self.wire.call(GET_USER).find("RequestId") for _ in range(5)}
        self.assertEqual(len(ids), 5)

    def test_moments_are_in_utc_and_documents_are_percent_encoded(self):
        self.assertRegex(self.wire.call(GET_USER).find("CreateDate"), r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.account.user("alice", allow("iam:GetUser"), key=False)
        answer = self.wire.call(body("GetUserPolicy", UserName="alice", PolicyName="permissions"))
        self.assertRegex(answer.find("PolicyDocument"), r"^%7B%22Version%22(%3A|:)[^\s{}\"]+%7D$")

    def test_what_is_said_back_is_text_and_never_markup(self):
        for action in ("<b>&\"']]>", "a\x01b", "a\ufffeb", "é"):
            with self.subTest(action):
                answer = self.wire.call(body(action))
                self.assertEqual((answer.status, answer.find("Code")), (400, "InvalidAction"), answer.text)


class Signatures(WireCase):
    def test_an_unsigned_request_is_refused(self):
        for service, call in (("iam", "get_user"), ("sts", "get_caller_identity")):
            unsigned = client(service, self.server.url, None, signature_version=UNSIGNED)
            self.refused(NO_TOKEN, getattr(unsigned, call))
        self.answers(403, "MissingAuthenticationToken", self.wire.send(GET_USER, {"Content-Type": FORM}))

    def test_a_presigned_url_is_refused(self):
        for person_client, call in ((self.admin.iam, "list_users"), (self.admin.sts, "get_caller_identity")):
            url = urlsplit(person_client.generate_presigned_url(call))
            self.assertIn("X-Amz-Signature", url.query)
            answer = self.wire.send("", {}, "GET", f"/?{url.query}")
            self.answers(403, "MissingAuthenticationToken", answer)
            answer = self.wire.send("", {"Content-Type": FORM}, "POST", f"/?{url.query}")
            self.assertIn(answer.status, (400, 403), answer.text)

    def test_a_clock_that_is_wrong_by_less_than_fifteen_minutes_is_right_enough(self):
        for minutes in (-14, 14):
            with clock(minutes=minutes):
                self.admin.sts.get_caller_identity()

    def test_a_clock_that_is_slow_makes_a_signature_that_has_expired(self):
        message = like(rf"Signature expired: {STAMP} is now earlier than {STAMP} \({STAMP} - 15 min\.\)")
        with clock(minutes=-16):
            for call in (self.admin.sts.get_caller_identity, self.admin.iam.get_user):
                self.refused(Refusal(403, "SignatureDoesNotMatch", message), call)

    def test_a_clock_that_is_fast_makes_a_signature_that_is_not_yet_current(self):
        message = like(rf"Signature not yet current: {STAMP} is still later than {STAMP} \({STAMP} \+ 15 min\.\)")
        with clock(minutes=16):
            self.refused(Refusal(403, "SignatureDoesNotMatch", message), self.admin.sts.get_caller_identity)

    def test_what_was_changed_after_signing_is_refused(self):
        headers = self.wire.signed(GET_USER)
        stamp = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
        second_later = (stamp + timedelta(seconds=1)).strftime("%Y%m%dT%H%M%SZ")
        changed = [
            (GET_USER + "&UserName=admin", headers, "/"),
            (GET_USER, headers | {"X-Amz-Date": second_later}, "/"),
            (GET_USER, headers, "/?UserName=admin"),
            (GET_USER, headers | {"Authorization": headers["Authorization"][:-1] + "x"}, "/"),
            (GET_USER, headers | {"Content-Type": "application/x-www-form-urlencoded"}, "/"),
        ]
        for text, spoiled, target in changed:
            with self.subTest(target=target, text=text):
                answer = self.wire.send(text, spoiled, target=target)
                self.assertIn(answer.status, (400, 403), answer.text)
                self.assertNotIn("GetUserResult", answer.text)
        answer = self.wire.send(*changed[0][:2])
        self.answers(403, "SignatureDoesNotMatch", answer, WRONG_SIGNATURE.message)

    def test_a_header_that_is_not_signed_may_come_with_the_request(self):
        answer = self.wire.send(GET_USER, self.wire.signed(GET_USER) | {"X-Other": "x", "Accept-Encoding": "identity"})
        self.assertEqual(answer.status, 200, answer.text)

    def test_an_authorization_that_is_none_is_refused(self):
        for authorization in (
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 nonsense",
            "AWS4-HMAC-SHA256 Credential=x, Signature=y",
        ):
            answer = self.wire.send(GET_USER, self.wire.signed(GET_USER) | {"Authorization": authorization})
            self.answers(400, "IncompleteSignature", answer)
        for authorization in ("Bearer x", "Basic YTpi", "AWS a:b"):
            answer = self.wire.send(GET_USER, self.wire.signed(GET_USER) | {"Authorization": authorization})
            self.assertIn(answer.find("Code"), ("IncompleteSignature", "MissingAuthenticationToken"), answer.text)

    def test_a_signature_for_another_service_is_refused(self):
        for text, service in ((GET_USER, "s3"), (GET_USER, "sts"), (IDENTITY, "iam")):
            with self.subTest(text=text, service=service):
                self.answers(403, "SignatureDoesNotMatch", self.wire.call(text, service=service))

    def test_a_session_token_belongs_to_no_long_term_key(self):
        key = self.admin.key
        tokens = {
            "aws_access_key_id": key.id,
            "aws_secret_access_key": key.secret,
            "aws_session_token": "no-such-token",
        }
        with_token = SESSION.client("sts", endpoint_url=self.server.url, region_name="us-east-1", **tokens)
        self.refused(INVALID_TOKEN, with_token.get_caller_identity)

    def test_the_same_signed_change_of_a_password_changes_it_once(self):
        bob = self.account.user("bob", allow("iam:ChangePassword"), password=OLD)
        wire = Wire(self.server, bob.key)
        text = body("ChangePassword", OldPassword=OLD, NewPassword=NEW)
        headers = wire.signed(text)
        self.assertEqual(wire.send(text, headers).status, 200)
        self.answers(403, OLD_PASSWORD.code, wire.send(text, headers), OLD_PASSWORD.message)

    def test_the_same_signed_creation_of_a_key_creates_one(self):
        self.account.user("carol", key=False)
        text = body("CreateAccessKey", UserName="carol")
        headers = self.wire.signed(text)
        self.assertEqual(self.wire.send(text, headers).status, 200)
        self.assertNotEqual(self.wire.send(text, headers).status, 200)
        self.assertEqual(len(self.admin.iam.list_access_keys(UserName="carol")["AccessKeyMetadata"]), 1)


class Requests(WireCase):
    def test_an_action_that_is_not_known_is_named(self):
        for action in ("NoSuchAction", "AssumeRole", "getuser", "ListRoles", ""):
            with self.subTest(action):
                answer = self.wire.call(body(action))
                self.assertEqual(answer.status, 400, answer.text)
                self.assertIn(answer.find("Code"), ("InvalidAction", "MissingAction"))
                self.assertIn(action, answer.find("Message"))
                self.enveloped(answer)
        refusal = Refusal(400, "InvalidAction", like(r".*ListRoles.*"))
        self.refused(refusal, self.admin.iam.list_roles)
        self.cli_refused(refusal, "ListRoles", self.admin.cli, "iam", "list-roles")

    def test_a_request_without_action_or_with_another_version_does_nothing(self):
        self.answers(400, "MissingAction", self.wire.call("Version=2010-05-08"))
        for version in ("2009-01-01", "", VERSIONS["sts"] + "x"):
            self.answers(400, "InvalidAction", self.wire.call(f"Action=GetUser&Version={version}"))
        self.answers(400, "InvalidAction", self.wire.call("Action=GetUser"))
        # The version says which service is asked, and so what the signature has to be for.
        for service, text in (
            ("iam", "Action=GetUser&Version=2011-06-15"),
            ("sts", "Action=GetCallerIdentity&Version=2010-05-08"),
        ):
            answer = self.wire.call(text, service=service)
            self.assertEqual((answer.status in (400, 403), answer.name), (True, "ErrorResponse"), answer.text)

    def test_a_parameter_that_stands_twice_is_refused(self):
        for extra in ("&UserName=b", "&Action=GetUser", f"&Version={VERSIONS['iam']}", "&Path=/&Path=/x/"):
            text = body("CreateUser", UserName="twice") + extra
            answer = self.wire.call(text)
            self.assertEqual((answer.status, answer.name), (400, "ErrorResponse"), answer.text)
            self.enveloped(answer)
        self.assertFalse(self.is_there("twice") or self.is_there("b"))

    def test_a_parameter_that_is_not_known_is_refused_by_name(self):
        names = (
            "Nonsense",
            "userName",
            "UserName.member.1",
            "Tags.member.1.Nonsense",
            "Tags.member.x.Key",
            "TagKeys.member.1",
        )
        for name in names:
            with self.subTest(name):
                answer = self.wire.call(body("CreateUser", UserName="extra", **{name: "x"}))
                self.answers(400, "ValidationError", answer, rf"(?i).*{name.split('.')[0]}.*")
        self.assertFalse(self.is_there("extra"))

    def test_a_body_that_is_not_utf_8_or_badly_encoded_is_refused(self):
        for value in ("%FF", "%ED%A0%80", "%ZZ", "%4"):
            with self.subTest(value):
                answer = self.wire.call(GET_USER + f"&UserName={value}")
                self.assertEqual((answer.status, answer.name), (400, "ErrorResponse"), answer.text)
                self.enveloped(answer)

    def test_a_number_and_a_truth_value_are_what_they_say(self):
        for extra in (
            "MinimumPasswordLength=abc",
            "MinimumPasswordLength=8.5",
            "RequireSymbols=maybe",
            "MinimumPasswordLength=",
        ):
            with self.subTest(extra):
                answer = self.wire.call(body("UpdateAccountPasswordPolicy") + f"&{extra}")
                self.assertEqual((answer.status, answer.name), (400, "ErrorResponse"), answer.text)
        answer = self.wire.call(body("GetAccountPasswordPolicy"))
        self.answers(404, "NoSuchEntity", answer)

    def test_only_a_form_that_is_posted_is_a_request(self):
        text = body("CreateUser", UserName="formless")
        for content_type in ("application/json", "text/xml", "multipart/form-data; boundary=x", "text/plain"):
            with self.subTest(content_type):
                answer = self.wire.call(text, Content_Type=content_type)
                self.assertIn(answer.status, (400, 415), answer.text)
                self.assertTrue(answer.headers["x-amzn-RequestId"])
        answer = self.wire.call("", method="GET", target=f"/?{text}")
        self.assertIn(answer.status, (303, 400, 403, 405), answer.text)
        for method in ("PUT", "DELETE", "PATCH"):
            answer = self.wire.send(text, self.wire.signed(text, method=method), method)
            self.assertEqual(answer.status, 405, answer.text)
        self.assertFalse(self.is_there("formless"))

    def test_without_a_signature_the_root_leads_to_the_console(self):
        answer = self.wire.send("", {}, "GET")
        self.assertEqual((answer.status, answer.headers["Location"]), (303, HOME))

    def test_a_charset_is_not_needed(self):
        answer = self.wire.call(GET_USER, Content_Type="application/x-www-form-urlencoded")
        self.assertEqual(answer.status, 200, answer.text)

    def test_a_body_of_more_than_64_kib_is_refused(self):
        padding = "x" * (64 * 1024)
        text = body("CreateUser", UserName="large", Path=padding)
        answer = self.wire.call(text)
        self.assertEqual(answer.status, 413, answer.text)
        self.assertFalse(self.is_there("large"))
        document = (
            '{"Version":"2012-10-17"' + " " * 40_000 + ',"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
        )
        self.account.user("roomy", key=False)
        put = body("PutUserPolicy", UserName="roomy", PolicyName="p", PolicyDocument=document)
        self.assertEqual(self.wire.call(put).status, 200)

    def test_many_parameters_are_refused(self):
        many = "&".join(f"P{number}=x" for number in range(5000))
        answer = self.wire.call(f"{GET_USER}&{many}")
        self.assertEqual(answer.status, 400, answer.text)

    def test_a_cookie_opens_nothing_and_disturbs_nothing(self):
        dave = self.account.user("dave", allow("iam:GetUser"), password=OLD)
        session = dave.signed_in()
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in session.cookies.items())}
        self.answers(403, "MissingAuthenticationToken", self.wire.send(GET_USER, {"Content-Type": FORM} | cookie))
        answer = self.wire.send(GET_USER, self.wire.signed(GET_USER) | cookie)
        self.assertEqual(answer.find("UserName"), "admin", "who signs is who asks")
        answer = self.wire.send(GET_USER, self.wire.signed(GET_USER) | {"Cookie": "msc-session=nonsense"})
        self.assertEqual(answer.status, 200)

    def test_another_host_is_refused(self):
        for host in ("iam.amazonaws.com", "evil.example"):
            headers = self.wire.signed(GET_USER, Host=host) | {"Host": host}
            self.assertEqual(self.wire.send(GET_USER, headers).status, 421)
