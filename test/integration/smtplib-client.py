"""Submits messages as Python programs do: one JSON line on stdout for each scenario."""
import json
import smtplib
import ssl
import sys

host = "127.0.0.1"
submission, submissions = int(sys.argv[1]), int(sys.argv[2])

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def starttls_session():
    session = smtplib.SMTP(host, submission, local_hostname="python.example", timeout=10)
    session.starttls(context=context)
    session.login("alice", "wonderland")
    return session


def send(session, name, content, options=(), recipient="bob@example.com", rcpt_options=()):
    refused = session.sendmail(
        "alice@example.org", [recipient], content, mail_options=options, rcpt_options=rcpt_options
    )
    print(json.dumps({"scenario": name, "refused": len(refused)}), flush=True)


plain = b"From: alice@example.org\r\nSubject: plain\r\n\r\n.dot\r\n..dots\r\nend\r\n"
eight_bit = "From: alice@example.org\r\nSubject: 8bit\r\n\r\nGr\u00fc\u00dfe\r\n".encode()
international = "From: jos\u00e9@example.org\r\nSubject: \u4f60\u597d\r\n\r\nx\r\n".encode()

with starttls_session() as session:
    send(session, "starttls", plain)
    send(session, "8bitmime", eight_bit, ["BODY=8BITMIME"])
    send(session, "smtputf8", international, ["SMTPUTF8", "BODY=8BITMIME"], "jos\u00e9@example.com")
    send(session, "dsn", plain, ["RET=HDRS", "ENVID=QQ"], rcpt_options=["NOTIFY=SUCCESS,FAILURE"])

with smtplib.SMTP_SSL(host, submissions, context=context, timeout=10) as session:
    session.login("alice", "wonderland")
    send(session, "implicit", plain)

with smtplib.SMTP(host, submission, timeout=10) as session:
    session.starttls(context=context)
    try:
        session.login("alice", "wrong")
    except smtplib.SMTPAuthenticationError as error:
        print(json.dumps({"scenario": "wrong password", "code": error.smtp_code}), flush=True)

with smtplib.SMTP(host, submission, timeout=10) as session:
    try:
        session.sendmail("alice@example.org", ["bob@example.com"], plain)
    except smtplib.SMTPSenderRefused as error:
        print(json.dumps({"scenario": "no auth", "code": error.smtp_code}), flush=True)
