/*
 * What a person does in Thunderbird, as functions that run inside its main window (marionette.ts): by the commands behind its
 * buttons and menus where there is one, else by what those call. The text of this file is the head of each script; `actions` is
 * what it offers. Each waits until Thunderbird itself shows the result.
 */
const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs')
const { FileUtils } = ChromeUtils.importESModule('resource://gre/modules/FileUtils.sys.mjs')
const { NetUtil } = ChromeUtils.importESModule('resource://gre/modules/NetUtil.sys.mjs')
const waitMs = 45_000

const account = () => MailServices.accounts.accounts.find((one) => one.incomingServer.type === 'imap')
const root = () => account().incomingServer.rootFolder
const pane = () => document.getElementById('tabmail').currentAbout3Pane
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks until the answer is neither false, null nor undefined. */
async function until(ask, what) {
  const end = Date.now() + waitMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > end) throw new Error(`no ${what} within ${waitMs} ms; the windows: ${[...Services.wm.getEnumerator(null)].map((one) => one.document.title).join(' | ')}`)
    await pause(50)
  }
}

const descendants = () => root().descendants
const pathOf = (folder) => (folder.parent === root() || folder.parent.isServer ? folder.name : `${pathOf(folder.parent)}/${folder.name}`)
const folderAt = (path) => until(() => descendants().find((folder) => pathOf(folder).toLowerCase() === path.toLowerCase()), `folder ${path}`)
const shown = () => Array.from({ length: pane().gDBView?.rowCount ?? 0 }, (_, row) => pane().gDBView.getMsgHdrAt(row))
const subjectOf = (header) => header.mime2DecodedSubject

/** Answers when the listener that `start` gets is told the end; a status other than 0 is a failure. */
function finished(start, what) {
  return new Promise((resolve, reject) => {
    const end = (status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error(`${what}: status 0x${(status >>> 0).toString(16)}`)))
    start({
      QueryInterface: ChromeUtils.generateQI(['nsIUrlListener', 'nsIMsgCopyServiceListener']),
      OnStartRunningUrl() {},
      OnStopRunningUrl: (_url, status) => end(status),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId: () => null,
      onStopCopy: end,
    })
  })
}

async function open(path) {
  const folder = await folderAt(path)
  pane().displayFolder(folder.URI)
  await until(() => pane().gFolder?.URI === folder.URI && pane().gDBView, `list of ${path}`)
  folder.updateFolder(window.msgWindow)
  return folder
}

async function select(path, subject) {
  if (!pane().gFolder || pathOf(pane().gFolder).toLowerCase() !== path.toLowerCase()) await open(path)
  const row = await until(() => {
    const index = shown().findIndex((header) => subjectOf(header) === subject)
    return index === -1 ? null : { index }
  }, `"${subject}" in the list of ${path}`)
  pane().threadTree.selectedIndex = row.index
  return pane().gDBView.getMsgHdrAt(row.index)
}

/** A window for writing, ready to be typed in. */
async function composing(start) {
  const before = new Set([...Services.wm.getEnumerator('msgcompose')].map((one) => one))
  start()
  const opened = await until(() => [...Services.wm.getEnumerator('msgcompose')].find((one) => !before.has(one) && one.composeEditorReady), 'window to write in')
  return opened
}

async function send(opened) {
  opened.document.getElementById('button-send').click()
  await until(() => opened.closed, 'end of sending')
}

const actions = {
  /** As if the person had typed the password once and let Thunderbird keep it. */
  async keepPassword(user, password) {
    for (const scheme of ['imap', 'smtp']) {
      const login = Cc['@mozilla.org/login-manager/loginInfo;1'].createInstance(Ci.nsILoginInfo)
      login.init(`${scheme}://localhost`, null, `${scheme}://localhost`, user, password, '', '')
      await Services.logins.addLoginAsync(login)
    }
  },
  /** "Get Messages": finds the folders and what is new. */
  async getMessages() {
    goDoCommand('cmd_getNewMessages')
    await until(() => descendants().length >= 6, 'folders')
    return descendants().map(pathOf).sort()
  },
  async uses() {
    const flags = Ci.nsMsgFolderFlags
    return Object.fromEntries(['Inbox', 'Drafts', 'SentMail', 'Trash', 'Junk', 'Archive'].map((name) => [name, root().getFolderWithFlags(flags[name])?.name ?? null]))
  },
  /** Subjects of a folder once Thunderbird shows `count` messages in it. */
  async list(path, count) {
    await open(path)
    await until(() => shown().length === count, `${count} messages in ${path} (there are ${shown().length})`)
    return shown().map((header) => ({ subject: subjectOf(header), author: header.mime2DecodedAuthor, read: header.isRead, flagged: header.isFlagged }))
  },
  /** "Get Messages" for one folder; after it, Thunderbird idles there. */
  async update(path) {
    ;(await folderAt(path)).updateFolder(window.msgWindow)
  },
  /** Waits until the message, changed by another client, is shown as `state` says: `flagged`, `read` or `gone`. */
  async waitForState(path, subject, state) {
    const folder = await folderAt(path)
    const holds = (header) => (state === 'gone' ? !header : header && (state === 'flagged' ? header.isFlagged : header.isRead))
    await until(() => holds([...folder.messages].find((header) => subjectOf(header) === subject)), `"${subject}" ${state} in ${path}`)
  },
  /** Waits for a message that nobody asked for: Thunderbird idles in the Inbox. */
  async waitFor(path, subject) {
    const folder = await folderAt(path)
    await until(() => [...folder.messages].some((header) => subjectOf(header) === subject), `"${subject}" in ${path}`)
  },
  async read(path, subject) {
    await select(path, subject)
    const reader = await until(() => pane().messageBrowser?.contentWindow, 'message pane')
    const text = () => reader.getMessagePaneBrowser()?.contentDocument?.body?.textContent ?? ''
    // The text begins with the header that is printed; until it is of this message, the one before still stands there.
    await until(() => reader.msgLoaded && reader.gMessage && subjectOf(reader.gMessage) === subject && text().includes(subject), `text of "${subject}"`)
    return { text: text(), attachments: (reader.currentAttachments ?? []).map((one) => one.name) }
  },
  /** Saves the message's first attachment as the file `target`. */
  async saveAttachment(path, subject, target) {
    await actions.read(path, subject)
    const attachments = await until(() => (pane().messageBrowser.contentWindow.currentAttachments ?? []).length > 0 && pane().messageBrowser.contentWindow.currentAttachments, 'attachment')
    const stream = await new Promise((resolve, reject) => {
      NetUtil.asyncFetch({ uri: attachments[0].url, loadUsingSystemPrincipal: true }, (input, status) => (Components.isSuccessCode(status) ? resolve(input) : reject(new Error(`attachment: status ${status}`))))
    })
    await IOUtils.write(target, new Uint8Array(NetUtil.readInputStream(stream, stream.available())))
  },
  async star(path, subject) {
    const header = await select(path, subject)
    goDoCommand('cmd_markAsFlagged')
    await until(() => header.isFlagged, 'star')
  },
  async tag(path, subject, key) {
    const header = await select(path, subject)
    header.folder.addKeywordsToMessages([header], key)
    await until(() => header.getStringProperty('keywords').split(' ').includes(key), 'tag')
  },
  async move(path, subject, target) {
    await select(path, subject)
    pane().commandController.doCommand('cmd_moveMessage', await folderAt(target))
    await until(() => !shown().some((header) => subjectOf(header) === subject), `leaving of "${subject}"`)
  },
  async copy(path, subject, target) {
    await select(path, subject)
    const folder = await folderAt(target)
    pane().commandController.doCommand('cmd_copyMessage', folder)
  },
  async delete(path, subject) {
    await select(path, subject)
    goDoCommand('cmd_delete')
    await until(() => !shown().some((header) => subjectOf(header) === subject), `leaving of "${subject}"`)
  },
  async emptyTrash() {
    const trash = root().getFolderWithFlags(Ci.nsMsgFolderFlags.Trash)
    await finished((listener) => trash.emptyTrash(listener), 'emptying of the trash')
  },
  async createFolder(parent, name) {
    const folder = parent === '' ? root() : await folderAt(parent)
    folder.createSubfolder(name, window.msgWindow)
    await folderAt(parent === '' ? name : `${parent}/${name}`)
  },
  async renameFolder(path, name) {
    const folder = await folderAt(path)
    folder.rename(name, window.msgWindow)
    await folderAt(path.includes('/') ? path.replace(/[^/]*$/, name) : name)
  },
  /** "Search Messages… on the server": subjects that the server finds. */
  async searchOnServer(path, attribute, text) {
    const folder = await folderAt(path)
    const session = Cc['@mozilla.org/messenger/searchSession;1'].createInstance(Ci.nsIMsgSearchSession)
    session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder)
    const term = session.createTerm()
    term.attrib = Ci.nsMsgSearchAttrib[attribute]
    term.op = Ci.nsMsgSearchOp.Contains
    const value = term.value
    value.attrib = term.attrib
    value.str = text
    term.value = value
    session.appendTerm(term)
    const hits = []
    await new Promise((resolve, reject) => {
      session.registerListener({
        onSearchHit: (header) => void hits.push(subjectOf(header)),
        onSearchDone: (status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error(`search: status ${status}`))),
        onNewSearch() {},
      })
      session.search(window.msgWindow)
    })
    return hits.sort()
  },
  /** Fetches every body, as "Download now" does. */
  async download(path) {
    const folder = await open(path)
    folder.setFlag(Ci.nsMsgFolderFlags.Offline)
    await finished((listener) => folder.downloadAllForOffline(listener, window.msgWindow), `download of ${path}`)
    return [...folder.messages].filter((header) => header.flags & Ci.nsMsgMessageFlags.Offline).length
  },
  async write({ to, subject, body, attachment }) {
    const fields = Cc['@mozilla.org/messengercompose/composefields;1'].createInstance(Ci.nsIMsgCompFields)
    const params = Cc['@mozilla.org/messengercompose/composeparams;1'].createInstance(Ci.nsIMsgComposeParams)
    Object.assign(fields, { to, subject, body })
    if (attachment) {
      const file = Cc['@mozilla.org/messengercompose/attachment;1'].createInstance(Ci.nsIMsgAttachment)
      Object.assign(file, { name: attachment.name, url: Services.io.newFileURI(new FileUtils.File(attachment.path)).spec })
      fields.addAttachment(file)
    }
    Object.assign(params, { composeFields: fields, identity: account().defaultIdentity, format: Ci.nsIMsgCompFormat.PlainText, type: Ci.nsIMsgCompType.New })
    await send(await composing(() => MailServices.compose.OpenComposeWindowWithParams(null, params)))
  },
  async reply(path, subject) {
    await actions.read(path, subject)
    await send(await composing(() => goDoCommand('cmd_reply')))
  },
  async saveDraft(subject) {
    const opened = await composing(() => goDoCommand('cmd_newMessage'))
    opened.document.getElementById('msgSubject').value = subject
    opened.goDoCommand('cmd_saveAsDraft')
    await until(() => !opened.gSaveOperationInProgress && !opened.gSendOperationInProgress && opened.gMsgCompose.compFields.draftId !== '', 'end of saving')
    opened.close()
  },
  quit() {
    // Later than the answer to this.
    setTimeout(() => Services.startup.quit(Services.startup.eForceQuit), 100)
  },
}
