import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SessionState } from '@sallyport/contracts/session_proxy/v1/sessions'
import { SallyportError } from '@sallyport/errors/error'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pendingRequest, TENANT_ID, USER_ID } from './support/fakes.ts'
import { type Proxy, startProxy } from './support/proxy.ts'
import { ssh, startSsh } from './support/ssh-client.ts'
import { missingSsh, missingSshd, type Sshd, startSshd } from './support/sshd.ts'

const missing = missingSsh ?? missingSshd
const reason = (name: string): unknown => expect.objectContaining({ reason: name })
const everything = {
  page: undefined,
  state: SessionState.UNSPECIFIED,
  userId: '',
  credentialId: '',
  requestId: '',
}

describe.skipIf(missing !== undefined)(`the session proxy ${missing ?? ''}`, () => {
  let sshd: Sshd
  let proxy: Proxy

  beforeAll(async () => {
    sshd = await startSshd()
    proxy = await startProxy(sshd.facts)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    sshd.stop()
  })

  const run = (command: string) => ssh({ port: proxy.sshPort(), command })
  const latest = async () => {
    const { sessions } = await proxy.client().listSessions(everything, await proxy.as({}))
    const [newest] = sessions
    if (newest === undefined) throw new Error('there is no session')
    return newest
  }
  const isBack = (): Promise<true> =>
    eventually(async () => (await run('echo back')).stdout.toString() === 'back\n')
  const live = async (command = 'echo ready; sleep 60') => {
    const running = startSsh({ port: proxy.sshPort(), command })
    await eventually(() => running.shown().includes('ready'))
    return { running, session: await latest() }
  }

  it('writes down who did what on what, from start to end', async () => {
    await run('echo hello; exit 4')
    expect(await latest()).toMatchObject({
      userName: 'alice',
      targetName: 'root@web-1',
      kind: 'exec',
      command: 'echo hello; exit 4',
      sourceAddress: '127.0.0.1',
      state: SessionState.ENDED,
      endReason: 'closed',
      exitStatus: 4,
      recordedBytes: 6n,
    })
  })

  it('says so to the trail and to the other services', async () => {
    const { id } = await latest()
    await eventually(() => proxy.published.some(({ type, key }) => type === 'SessionEnded' && key === id))
    await eventually(() => proxy.audited('session.ended').some(event => event.sessionId === id))
    expect(proxy.audited('session.started').find(event => event.sessionId === id)).toMatchObject({
      tenantId: TENANT_ID,
      actor: { kind: 'user', name: 'alice', sourceAddress: '127.0.0.1' },
      target: { kind: 'credential', name: 'root@web-1' },
    })
  })

  it('gives the recording as asciicast, and proves it intact and complete', async () => {
    const { id } = await latest()
    const options = await proxy.as({})
    let cast = ''
    for await (const { chunk } of proxy.client().downloadRecording({ sessionId: id }, options)) cast += chunk
    const lines = cast
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    expect(lines[0]).toMatchObject({
      version: 3,
      title: 'alice as root@web-1',
      command: 'echo hello; exit 4',
    })
    expect(lines.slice(1).map(([, code, data]) => [code, data])).toEqual([
      ['o', 'hello\n'],
      ['x', '4'],
    ])
    expect(await proxy.client().verifyRecording({ sessionId: id }, options)).toMatchObject({
      intact: true,
      complete: true,
      badSegment: undefined,
    })
  })

  it('names the segment in which a byte was flipped, and raises the alarm', async () => {
    const { id } = await latest()
    const path = join(proxy.config.recordingDirectory, TENANT_ID, id.slice(-2), `${id}.spr`)
    const file = await readFile(path)
    const first = 4 + file.readUInt32BE(0)
    const flipped = Buffer.from(file)
    flipped[first + 40] = (flipped[first + 40] ?? 0) ^ 1
    await writeFile(path, flipped)
    const options = await proxy.as({})
    expect(await proxy.client().verifyRecording({ sessionId: id }, options)).toMatchObject({
      intact: false,
      badSegment: 1,
    })
    await writeFile(path, file.subarray(0, first))
    expect(await proxy.client().verifyRecording({ sessionId: id }, options)).toMatchObject({
      intact: false,
      badSegment: 1,
      complete: false,
    })
    await writeFile(path, file)
    await eventually(() => proxy.audited('recording.damaged').length === 2)
  })

  it('shows a session to nobody else, and nothing to another tenant', async () => {
    const { id } = await latest()
    const client = proxy.client()
    for (const who of [
      { userId: randomUUID() },
      { tenantId: randomUUID(), permissions: ['session.read'] as const },
    ]) {
      const options = await proxy.as({ ...who, permissions: [...(who.permissions ?? [])] })
      await expect(client.getSession({ id }, options)).rejects.toEqual(reason('session.not_found'))
      await expect(client.terminateSession({ id, reason: 'x' }, options)).rejects.toEqual(
        reason('session.not_found'),
      )
      await expect(client.verifyRecording({ sessionId: id }, options)).rejects.toEqual(
        reason('session.not_found'),
      )
      expect((await client.listSessions(everything, options)).sessions).toEqual([])
      expect((await client.listSessions({ ...everything, userId: USER_ID }, options)).sessions).toEqual([])
    }
    const auditor = await proxy.as({ userId: randomUUID(), permissions: ['session.read'] })
    expect((await client.getSession({ id }, auditor)).session?.id).toBe(id)
    await expect(client.verifyRecording({ sessionId: id }, auditor)).rejects.toEqual(
      reason('caller.not_allowed'),
    )
  })

  it('pages through sessions, newest first', async () => {
    await run('true')
    await run('true')
    const options = await proxy.as({})
    const page = { size: 2, cursor: '' }
    const first = await proxy.client().listSessions({ ...everything, page }, options)
    const next = { size: 2, cursor: first.page?.nextCursor ?? '' }
    const second = await proxy.client().listSessions({ ...everything, page: next }, options)
    const ids = [...first.sessions, ...second.sessions].map(({ id }) => id)
    expect(ids).toEqual(ids.toSorted().toReversed())
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('cuts a live session, and tells its user why', async () => {
    const { running, session } = await live()
    expect(session.state).toBe(SessionState.LIVE)
    const operator = await proxy.as({
      userId: randomUUID(),
      permissions: ['session.read', 'session.terminate'],
    })
    const cutAt = Date.now()
    await proxy.client().terminateSession({ id: session.id, reason: 'Wrong\u001b[31m host' }, operator)
    expect((await running.ended).stderr).toContain('This session was terminated: Wrong[31m host')
    expect(Date.now() - cutAt).toBeLessThan(2_000)
    await eventually(async () => (await latest()).endReason === 'terminated')
    await expect(
      proxy.client().terminateSession({ id: session.id, reason: 'again' }, operator),
    ).rejects.toEqual(reason('session.ended'))
  })

  it('cuts a session that another node was asked to cut', async () => {
    const { running, session } = await live()
    await proxy.database.adminPool.query(
      'update session_proxy.sessions set terminate_reason = $2 where id = $1',
      [session.id, 'from elsewhere'],
    )
    expect((await running.ended).stderr).toContain('from elsewhere')
  })

  it('shows a live session to a watcher: what is on the screen, then what happens', async () => {
    const { running, session } = await live('echo ready; read line; echo "got $line"')
    const watcher = await proxy.as({ userId: randomUUID(), permissions: ['session.read'] })
    const lines: string[] = []
    const watching = (async () => {
      for await (const { line } of proxy.client().watchSession({ id: session.id }, watcher)) lines.push(line)
    })()
    await eventually(() => lines.some(line => line.includes('ready')))
    running.child.stdin.end('word\n')
    await running.ended
    await watching
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ version: 3 })
    expect(lines.some(line => line.includes('got word'))).toBe(true)
    await eventually(() => proxy.audited('session.watched').length === 1)
  })

  it('has every byte on disk within a second', async () => {
    const { running, session } = await live('echo ready; sleep 60')
    const options = await proxy.as({})
    await eventually(async () => {
      let cast = ''
      for await (const { chunk } of proxy.client().downloadRecording({ sessionId: session.id }, options))
        cast += chunk
      return cast.includes('ready')
    }, 1_500)
    running.child.kill()
    await running.ended
  })

  it('starts no session when its audit event cannot be written', async () => {
    await proxy.database.ownerPool.query(
      `create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
       create trigger refuse before insert on outbox for each row execute function refuse()`,
    )
    const ran = await run('echo in')
    expect(ran.status).toBe(1)
    expect(ran.stdout.byteLength).toBe(0)
    await proxy.database.ownerPool.query('drop trigger refuse on outbox')
  })

  it('says why when it stops, and ends its sessions', async () => {
    const { running, session } = await live()
    await proxy.restart()
    expect((await running.ended).stderr).toContain('The session proxy is stopping.')
    expect(await latest()).toMatchObject({ id: session.id, endReason: 'proxy-stopped' })
  })

  it('lets sessions go on while it drains, tells their users, and lets nobody new in', async () => {
    proxy.drainFor(30)
    await proxy.restart()
    const { running, session } = await live('echo ready; read line; echo "got $line"; exit 4')
    const restarted = proxy.restart()
    await eventually(() => running.shown().includes('The session goes on for 30 seconds at most'))
    expect((await run('id')).stderr).toContain('Connection refused')
    running.child.stdin.write('more\n')
    expect(await running.ended).toMatchObject({ status: 4, stdout: Buffer.from('ready\ngot more\n') })
    await restarted
    expect(await latest()).toMatchObject({ id: session.id, endReason: 'closed', exitStatus: 4 })
  })

  it('ends what still goes on when the time for draining is over', async () => {
    proxy.drainFor(1)
    await proxy.restart()
    const { running, session } = await live()
    await proxy.restart()
    expect((await running.ended).stderr).toContain('The session proxy is stopping.')
    expect(await latest()).toMatchObject({ id: session.id, endReason: 'proxy-stopped' })
    proxy.drainFor(0)
    await proxy.restart()
  })

  it('sends away who waits for an approval when it stops, and writes that down', async () => {
    proxy.access.verdict = { outcome: 'approval' }
    proxy.access.requests.send(pendingRequest)
    const args = ['-o', 'SetEnv=SALLYPORT_REASON=INC-7']
    const waiting = startSsh({ port: proxy.sshPort(), command: 'id', args })
    await eventually(() => waiting.shown().includes('You may wait here'))
    const restarted = proxy.restart()
    // As the stream does when it is told to end.
    proxy.access.requests.fail(new SallyportError('request.canceled'))
    await restarted
    expect((await waiting.ended).stderr).toContain('Request req-1 stays pending.')
    await eventually(() => proxy.audited('session.refused').length === 1)
    proxy.access.verdict = { outcome: 'allowed' }
  })

  it('ends at its start what a crash had left, and keeps the recording as a valid prefix', async () => {
    await run('echo hello')
    const { id } = await latest()
    const path = join(proxy.config.recordingDirectory, TENANT_ID, id.slice(-2), `${id}.spr`)
    const file = await readFile(path)
    const first = 4 + file.readUInt32BE(0)
    const second = first + 4 + file.readUInt32BE(first)
    await proxy.restart(async () => {
      // The node died in the middle of the third segment.
      await writeFile(path, file.subarray(0, second + 50))
      await proxy.database.adminPool.query(
        'update session_proxy.sessions set ended_at = null, end_reason = null, segments = null where id = $1',
        [id],
      )
    })
    expect(await latest()).toMatchObject({ id, endReason: 'proxy-stopped', state: SessionState.ENDED })
    expect(await proxy.client().verifyRecording({ sessionId: id }, await proxy.as({}))).toMatchObject({
      intact: true,
      complete: false,
      segments: 2,
    })
    // What the crash left is written down: nobody can cut off more.
    await writeFile(path, file.subarray(0, first))
    expect(await proxy.client().verifyRecording({ sessionId: id }, await proxy.as({}))).toMatchObject({
      intact: false,
      badSegment: 1,
    })
  })

  it('shows a live session through another replica, which writes nothing down itself', async () => {
    await using other = await proxy.replica('node-2')
    const { running, session } = await live('echo ready; read line; echo "got $line"; sleep 60')
    const controller = new AbortController()
    const auditor = await proxy.as({ userId: randomUUID(), permissions: ['session.read'] })
    let seen = ''
    const watching = (async () => {
      const options = { ...auditor, signal: controller.signal }
      for await (const { line } of other.client.watchSession({ id: session.id }, options)) seen += line
    })()
    watching.catch(() => undefined)
    await eventually(() => seen.includes('ready'))
    running.child.stdin.write('more\n')
    await eventually(() => seen.includes('got more'))
    controller.abort()
    await watching.catch(() => undefined)
    const watched = (): number =>
      proxy.audited('session.watched').filter(event => event.sessionId === session.id).length
    await eventually(() => watched() > 0)
    expect(watched()).toBe(1)
    const stranger = await proxy.as({ userId: randomUUID() })
    const refused = other.client.watchSession({ id: session.id }, stranger)[Symbol.asyncIterator]().next()
    await expect(refused).rejects.toEqual(reason('session.not_found'))
    // Through the other one, too.
    const options = await proxy.as({})
    await other.client.terminateSession({ id: session.id, reason: 'enough' }, options)
    expect((await running.ended).stderr).toContain('enough')
  })

  it('says that a session is elsewhere when its replica cannot be found', async () => {
    const { running, session } = await live()
    await using other = await proxy.replica('node-2')
    await proxy.database.adminPool.query(`update session_proxy.nodes set address = '127.0.0.1:1'`)
    const options = await proxy.as({})
    const watch = (): Promise<unknown> =>
      other.client.watchSession({ id: session.id }, options)[Symbol.asyncIterator]().next()
    await expect(watch()).rejects.toEqual(reason('service.unavailable'))
    await proxy.database.adminPool.query(`delete from session_proxy.nodes where instance = 'node-1'`)
    await expect(watch()).rejects.toEqual(reason('session.elsewhere'))
    await eventually(() => running.child.exitCode !== null)
    // Who lost its place takes it again.
    await isBack()
  })

  it('ends its sessions when the others have given it up, and comes back', async () => {
    const { running, session } = await live()
    await proxy.database.adminPool.query('update session_proxy.nodes set lost_at = now()')
    expect((await running.ended).stderr).toContain('lost touch with the others')
    await eventually(async () => (await latest()).endReason === 'proxy-stopped')
    expect((await latest()).id).toBe(session.id)
    await isBack()
  })

  it('takes no more sessions when another one was started under its name', async () => {
    const { running } = await live()
    await using _ = await proxy.replica('node-1')
    expect((await running.ended).stderr).toContain('Another session proxy has taken the place')
    expect((await run('id')).status).not.toBe(0)
    await proxy.restart()
    expect((await run('echo back')).stdout.toString()).toBe('back\n')
  })

  it('keeps its host key over restarts', async () => {
    const before = await readFile(proxy.config.sshHostKeyFile)
    await proxy.restart()
    expect((await readFile(proxy.config.sshHostKeyFile)).equals(before)).toBe(true)
  })

  it('shows no rows to the app role without a tenant', async () => {
    const { rows } = await proxy.database.appPool.query('select id from sessions')
    expect(rows).toEqual([])
  })
})
