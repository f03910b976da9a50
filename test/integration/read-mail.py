"""A reader of mail: tells as JSON what it sees of the message on stdin, with the bytes of its parts."""
import base64
import email
import email.policy
import json
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = [part for part in message.walk() if not part.is_multipart()]
print(
    json.dumps(
        {
            "from": message["From"],
            "to": message["To"],
            "subject": message["Subject"],
            "defects": [str(defect) for part in message.walk() for defect in part.defects],
            "parts": [
                {
                    "type": part.get_content_type(),
                    "name": part.get_filename(),
                    "content": base64.b64encode(part.get_payload(decode=True)).decode(),
                }
                for part in parts
            ],
        }
    )
)
