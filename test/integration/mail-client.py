"""A mail client: `submit PORT FROM TO` sends what is on stdin, `read` tells what a reader sees of it."""
import email
import email.policy
import json
import smtplib
import ssl
import sys


def submit(port, sender, recipient):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with smtplib.SMTP("127.0.0.1", int(port), local_hostname="python.example", timeout=10) as session:
        session.starttls(context=context)
        session.login("alice", "wonderland")
        refused = session.sendmail(sender, [recipient], sys.stdin.buffer.read())
        return {"refused": len(refused)}


def read():
    message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    status = next((p for p in message.walk() if p.get_content_type() == "message/delivery-status"), None)
    return {
        "type": message.get_content_type(),
        "reportType": message.get_param("report-type"),
        "from": message["From"],
        "to": message["To"],
        "subject": message["Subject"],
        "returnPath": message["Return-Path"],
        "autoSubmitted": message["Auto-Submitted"],
        "defects": [str(defect) for part in message.walk() for defect in part.defects],
        "kinds": [part.get_content_type() for part in message.iter_parts()] if message.is_multipart() else [],
        "text": parts[0].get_content() if parts else "",
        "status": [dict(group.items()) for group in status.get_payload()] if status else [],
        "original": next(
            (
                str(email.message_from_string(p.as_string().split("\n\n", 1)[1])["Subject"])
                for p in message.walk()
                if p.get_content_type() in ("message/rfc822", "text/rfc822-headers")
            ),
            None,
        ),
    }


act, *arguments = sys.argv[1:]
print(json.dumps(submit(*arguments) if act == "submit" else read()))
