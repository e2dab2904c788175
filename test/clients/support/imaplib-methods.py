"""
Every method of Python's imaplib that speaks to a server, in order of a working day; argv: port, user, password, CA file.
Methods of extensions that the server does not announce must be refused without harm to the connection. Prints one line a method.
"""
import imaplib
import ssl
import sys
import time

HOST = 'localhost'
PORT, TLS_PORT, USER, PASSWORD, CA = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
CONTEXT = ssl.create_default_context(cafile=CA)
MESSAGE = 'From: lan@example.com\r\nTo: an@so.congvu.test\r\nSubject: {}\r\nDate: Tue, 03 Nov 2026 08:00:00 +0700\r\n\r\nKính gửi, nội dung {}.\r\n'


def done(method):
    print('done', method)


def ok(method, answer):
    kind, data = answer
    assert kind == 'OK', (method, kind, data)
    done(method)
    return data


def refused(method, call):
    try:
        kind, data = call()
    except imaplib.IMAP4.error as error:
        kind, data = 'error', error
    assert kind in ('NO', 'error'), (method, kind, data)
    client.noop()
    done(method + ' (refused)')


def when(capability, method, call):
    """An extension works where it is announced, and is refused where it is not."""
    if capability in client.capabilities:
        return ok(method, call())
    return refused(method, call)


def message(number):
    return MESSAGE.format('Thu so %d' % number, number).encode()


# starttls, login_cram_md5 and a wrong password on the port without TLS.
client = imaplib.IMAP4(HOST, PORT, timeout=30)
ok('starttls', client.starttls(ssl_context=CONTEXT))
assert 'STARTTLS' not in client.capabilities, client.capabilities
refused('login, wrong password', lambda: client.login(USER, 'Sai-mat-khau#1'))
refused('login_cram_md5', lambda: client.login_cram_md5(USER, PASSWORD))
ok('login', client.login(USER, PASSWORD))
ok('logout', (lambda answer: ('OK', answer[1]) if answer[0] == 'BYE' else answer)(client.logout()))

# authenticate over TLS.
client = imaplib.IMAP4_SSL(HOST, TLS_PORT, ssl_context=CONTEXT, timeout=30)
assert client.PROTOCOL_VERSION in ('IMAP4REV1', 'IMAP4REV2')
ok('authenticate', client.authenticate('PLAIN', lambda _: ('\0%s\0%s' % (USER, PASSWORD)).encode()))
capability = ok('capability', client.capability())[0].decode()
client.capabilities = tuple(capability.upper().split())
ok('noop', client.noop())
ok('namespace', client.namespace())
ok('xatom', client.xatom('ID', '("name" "imaplib")'))
ok('enable', client.enable('CONDSTORE'))

# Mailboxes.
names = [line.decode().rsplit(' ', 1)[1].strip('"') for line in ok('list', client.list())]
assert sorted(names) == ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash'], names
ok('create', client.create('Viec'))
ok('create', client.create('"C&APQ-ng vi&Hsc-c"'))
refused('create, there already', lambda: client.create('Viec'))
ok('subscribe', client.subscribe('Viec'))
assert any(b'Viec' in line for line in ok('lsub', client.lsub()))
ok('unsubscribe', client.unsubscribe('Viec'))
ok('rename', client.rename('Viec', 'Hoso/Quy1'))
ok('delete', client.delete('"C&APQ-ng vi&Hsc-c"'))
refused('delete, not there', lambda: client.delete('Khong-co'))

# Messages in.
for number in range(1, 6):
    flags = '(\\Seen)' if number == 1 else None
    ok('append', client.append('Hoso/Quy1', flags, imaplib.Time2Internaldate(1_700_000_000 + number), message(number)))
assert ok('status', client.status('Hoso/Quy1', '(MESSAGES UNSEEN UIDNEXT)'))[0].endswith(b'(MESSAGES 5 UNSEEN 4 UIDNEXT 6)')
refused('select, not there', lambda: client.select('Khong-co'))
assert ok('select', client.select('Hoso/Quy1')) == [b'5']
assert int(client.response('UIDVALIDITY')[1][0]) > 0
done('response')
ok('recent', client.recent())
ok('check', client.check())

# Reading.
data = ok('fetch', client.fetch('2', '(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])'))
assert data[0][1] == message(2), data
assert imaplib.Internaldate2tuple(data[0][0]) == time.localtime(1_700_000_002), data[0][0]
assert imaplib.ParseFlags(data[1] if data[1] else b'()') == ()
assert ok('search', client.search(None, 'SUBJECT', '"so 3"')) == [b'3']
client.literal = 'nội dung 4'.encode()
assert ok('uid search, literal', client.uid('SEARCH', 'CHARSET', 'UTF-8', 'BODY')) == [b'4']
refused('search, wrong charset', lambda: client.search('X-NONE', 'ALL'))
assert ok('uid fetch', client.uid('FETCH', '3:4', '(RFC822.HEADER)'))[0][1].startswith(b'From: lan@example.com')
ok('partial', client.fetch('1', '(BODY.PEEK[]<0.10>)'))
when('SORT', 'sort', lambda: client.sort('REVERSE DATE', 'UTF-8', 'ALL'))
when('THREAD=REFERENCES', 'thread', lambda: client.thread('REFERENCES', 'UTF-8', 'ALL'))

# Changing.
assert b'\\Flagged' in ok('store', client.store('2', '+FLAGS', '(\\Flagged $ViecGap)'))[0]
ok('store, silent', client.store('2', '-FLAGS.SILENT', '$ViecGap'))
assert client.search(None, 'KEYWORD', '$ViecGap') == ('OK', [b''])
ok('copy', client.copy('1:2', 'Archive'))
refused('copy, no such mailbox', lambda: client.copy('1', 'Khong-co'))
ok('uid move', client.uid('MOVE', '3', 'Trash'))
ok('store, deleted', client.store('1', '+FLAGS.SILENT', '(\\Deleted)'))
assert ok('expunge', client.expunge())[-1] == b'1'
ok('store, deleted', client.store('1', '+FLAGS.SILENT', '(\\Deleted)'))
ok('close', client.close())
assert ok('select, read-only', client.select('Hoso/Quy1', readonly=True)) == [b'2']
refused('store, read-only', lambda: client.store('1', '+FLAGS', '(\\Seen)'))
ok('unselect', client.unselect())
assert ok('status', client.status('Archive', '(MESSAGES)'))[0].endswith(b'(MESSAGES 2)')
assert ok('status', client.status('Trash', '(MESSAGES)'))[0].endswith(b'(MESSAGES 1)')

# Extensions.
when('QUOTA', 'getquotaroot', lambda: client.getquotaroot('INBOX'))
if 'QUOTA' in client.capabilities:
    root = client.getquotaroot('INBOX')[1][1][0].decode().rsplit(' (', 1)[0]
    ok('getquota', client.getquota(root))
    refused('setquota', lambda: client.setquota(root, '(STORAGE 1)'))
when('ACL', 'getacl', lambda: client.getacl('INBOX'))
when('ACL', 'myrights', lambda: client.myrights('INBOX'))
when('ACL', 'setacl', lambda: client.setacl('INBOX', 'binh', 'lr'))
when('ACL', 'deleteacl', lambda: client.deleteacl('INBOX', 'binh'))
when('ANNOTATEMORE', 'getannotation', lambda: client.getannotation('INBOX', '/comment', 'value.priv'))
when('ANNOTATEMORE', 'setannotation', lambda: client.setannotation('INBOX', '/comment', '("value.priv" "x")'))
refused('proxyauth', lambda: client.proxyauth('binh'))
if hasattr(client, 'idle'):
    with client.idle(duration=1) as idler:
        list(idler)
    done('idle')
assert client.logout()[0] == 'BYE'
done('logout')
