"""
Python's smtplib against submission and mail exchange; argv: exchange port, submission port, TLS port, user, password, colleague,
CA file. Prints one line a method.
"""
import email.message
import email.policy
import smtplib
import ssl
import sys

EXCHANGE, SUBMISSION, TLS = (int(port) for port in sys.argv[1:4])
USER, PASSWORD, COLLEAGUE, CA = sys.argv[4:8]
CONTEXT = ssl.create_default_context(cafile=CA)


def done(method):
    print('done', method)


def reply(method, answer, code):
    assert answer[0] == code, (method, answer)
    done(method)


def raises(method, kind, code, call):
    try:
        call()
    except kind as error:
        found = list(error.recipients.values())[0][0] if isinstance(error, smtplib.SMTPRecipientsRefused) else error.smtp_code
        assert found == code, (method, error)
        done(method)
    else:
        raise AssertionError('%s: not refused' % method)


def letter(subject, body):
    message = email.message.EmailMessage()
    message['Subject'], message['From'], message['To'] = subject, USER, COLLEAGUE
    message.set_content(body)
    message.add_attachment(bytes(range(256)) * 40, maintype='application', subtype='octet-stream', filename='số liệu.bin')
    return message


def wire(message):
    return message.as_bytes(policy=email.policy.SMTP)


with smtplib.SMTP('localhost', SUBMISSION, timeout=30) as client:
    reply('ehlo', client.ehlo('may.example'), 250)
    assert client.has_extn('size') and client.has_extn('starttls') and client.has_extn('8bitmime'), client.esmtp_features
    reply('starttls', client.starttls(context=CONTEXT), 220)
    raises('login, wrong password', smtplib.SMTPAuthenticationError, 535, lambda: client.login(USER, 'Sai-mat-khau#1'))
with smtplib.SMTP('localhost', SUBMISSION, timeout=30) as client:
    client.starttls(context=CONTEXT)
    reply('login', client.login(USER, PASSWORD), 235)
    assert client.send_message(letter('Thư từ smtplib', 'Kính gửi đồng chí.\n.\n..Hết.\n')) == {}
    done('send_message')
    raises('sendmail, unknown recipient', smtplib.SMTPRecipientsRefused, 550, lambda: client.sendmail(USER, ['khong-co@so.congvu.test'], b'Subject: x\r\n\r\n'))
    refused = client.sendmail(USER, ['khong-co@so.congvu.test', COLLEAGUE], wire(letter('Một người không có', 'x')))
    assert refused['khong-co@so.congvu.test'][0] == 550, refused
    done('sendmail, one of two')
    # Bytes go out as they are, so Python's usual line ends are bare line feeds: RFC 5321 section 2.3.8.
    raises('sendmail, bare line feeds', smtplib.SMTPDataError, 550, lambda: client.sendmail(USER, [COLLEAGUE], letter('LF', 'x').as_bytes()))
with smtplib.SMTP_SSL('localhost', TLS, timeout=30, context=CONTEXT) as client:
    client.user, client.password = USER, PASSWORD
    client.ehlo_or_helo_if_needed()
    reply('auth LOGIN', client.auth('LOGIN', client.auth_login), 235)
    assert client.sendmail(USER, [COLLEAGUE], wire(letter('Qua cổng TLS', 'x')), ['BODY=8BITMIME']) == {}
    done('sendmail')
with smtplib.SMTP('localhost', EXCHANGE, timeout=30) as client:
    reply('helo', client.helo('may.example'), 250)
    reply('noop', client.noop(), 250)
    reply('mail', client.mail('lan@example.com'), 250)
    reply('rcpt', client.rcpt(COLLEAGUE), 250)
    reply('rset', client.rset(), 250)
    answer = client.verify(COLLEAGUE)
    assert answer[0] in (252, 500, 502), answer
    done('verify')
    reply('data without mail', client.docmd('DATA'), 503)
    reply('quit', client.quit(), 221)
