import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { counted, figure } from '@sallyport/testing/proof'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { directoryStore } from '../src/recording/directory-store.ts'
import { openRecorder } from '../src/recording/recorder.ts'
import { checkSegments, verifyRecording } from '../src/recording/verify.ts'
import { type Door, openDoor } from './support/door.ts'
import { recordingKeys, TENANT_ID } from './support/fakes.ts'
import { scriptedTarget, type ScriptedTarget } from './support/scripted-target.ts'
import { type Outcome, outcomeOf, visit, type Visitor } from './support/visitor.ts'

/** Their clients keep everything in this process, so that it can be compared: not all of them at once. */
const SESSIONS_AT_ONCE = 10
const rounds = counted(200, SESSIONS_AT_ONCE) / SESSIONS_AT_ONCE
const SESSIONS_OF_ONE_CONNECTION = 10
/** Text that does not become smaller. */
const PIECE = Buffer.from(randomBytes(24 * 1024).toString('base64'))
const MESSAGE = 'This session can no longer be recorded, so it was ended.'

/** A disk of one megabyte, or undefined where nobody may mount one. */
const smallDisk = (): (Disposable & { readonly path: string }) | undefined => {
  const path = mkdtempSync(join(tmpdir(), 'sallyport-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    rmdirSync(path)
    return undefined
  }
  const unmount = (): void => {
    execFileSync('umount', ['--lazy', path])
    rmdirSync(path)
  }
  return { path, [Symbol.dispose]: unmount }
}

/** What a recording holds, as bytes: up to the first segment that is not there. */
const recordedBytes = async (door: Door, sessionId: string): Promise<Buffer> => {
  const id = { tenantId: TENANT_ID, sessionId }
  const pieces: Buffer[] = []
  for await (const checked of checkSegments(door.recordings.read(id), id, recordingKeys)) {
    expect(checked.kind).toBe('good')
    for (const line of checked.kind === 'good' ? checked.lines.trim().split('\n').filter(Boolean) : []) {
      const parsed: unknown = JSON.parse(line)
      if (!Array.isArray(parsed)) continue
      const [, code, data] = parsed.map(String)
      if (code === 'o' || code === 'b') pieces.push(Buffer.from(data ?? '', code === 'b' ? 'base64' : 'utf8'))
    }
  }
  return Buffer.concat(pieces)
}

describe('R-06: what cannot be recorded is not shown', () => {
  let target: ScriptedTarget
  let door: Door
  let visitors: Visitor[] = []

  beforeAll(async () => {
    target = await scriptedTarget({
      command: (channel, command) => {
        // 'endless' is a program that prints as fast as it is read; 'words' one that prints a line for each of input.
        const more = (): void => {
          while (channel.writable && channel.write(PIECE));
        }
        if (command === 'endless') channel.on('drain', more).once('ready', more)
        if (command === 'endless') more()
        else channel.on('data', (bytes: Buffer) => channel.write(bytes))
      },
    })
    door = await openDoor(target.facts)
  })
  const tidy = async (): Promise<void> => {
    for (const visitor of visitors) visitor[Symbol.dispose]()
    visitors = []
    await eventually(() => door.sessions.size === 0)
    door.recordings.failing = false
    door.recordings.beforeAppend = async () => undefined
    door.ledger.entries.length = 0
  }
  afterEach(tidy)
  afterAll(async () => {
    await door[Symbol.asyncDispose]()
    await target[Symbol.asyncDispose]()
  })

  const startedIds = (): string[] =>
    door.ledger.entries.filter(({ kind }) => kind === 'started').map(({ what }) => String(what['id']))

  /** Opens so many sessions that print without end, and gives what each of their clients gets. */
  const printing = async (count: number): Promise<{ id: string; outcome: Promise<Outcome> }[]> => {
    const running: { id: string; outcome: Promise<Outcome> }[] = []
    while (running.length < count) {
      if (running.length % SESSIONS_OF_ONE_CONNECTION === 0) visitors.push(await visit(door.port))
      const channel = await visitors.at(-1)?.open('endless')
      if (channel === undefined) throw new Error('There is nobody')
      const outcome = outcomeOf(channel)
      const id = await eventually(() => startedIds()[running.length])
      running.push({ id, outcome })
    }
    return running
  }

  /** Every byte that a client got is in the recording, which is sound up to its last segment. */
  const expectRecorded = async (running: readonly { id: string; outcome: Promise<Outcome> }[]) => {
    let [shown, recorded] = [0, 0]
    for (const { id, outcome } of running) {
      const { stdout, stderr } = await outcome
      expect(stderr).toContain(MESSAGE)
      const bytes = await recordedBytes(door, id)
      expect(bytes.byteLength).toBeGreaterThanOrEqual(stdout.byteLength)
      expect(bytes.subarray(0, stdout.byteLength).equals(stdout)).toBe(true)
      shown += stdout.byteLength
      recorded += bytes.byteLength
    }
    await eventually(() => door.ledger.ends().length === running.length)
    for (const end of door.ledger.ends()) expect(end).toMatchObject({ reason: 'recorder-failed' })
    return { shown, recorded }
  }

  it('ends sessions whose disk became full at any moment, with a message, and everything that was shown is recorded', async () => {
    let [shown, recorded, most] = [0, 0, 0]
    const before = process.memoryUsage().rss
    for (let round = 0; round < rounds; round += 1) {
      const running = await printing(SESSIONS_AT_ONCE)
      // Each segment may be the one for which there is no room.
      door.recordings.beforeAppend = async () => {
        if (Math.random() < 0.05) throw new Error('ENOSPC')
      }
      const bytes = await expectRecorded(running)
      shown += bytes.shown
      recorded += bytes.recorded
      most = Math.max(most, process.memoryUsage().rss - before)
      await tidy()
    }
    expect(shown).toBeGreaterThan(0)
    const [shownMb, recordedMb] = [shown, recorded].map(bytes => (bytes / 1e6).toFixed(1))
    figure(
      'R-06',
      `${rounds * SESSIONS_AT_ONCE} sessions cut by a full disk: ${shownMb} MB shown, all of it among the ${recordedMb} MB recorded; memory +${(most / 1e6).toFixed(0)} MB at most`,
    )
  }, 600_000)

  it('shows a byte only after it was written', async () => {
    const gate = Promise.withResolvers<void>()
    const visitor = await visit(door.port)
    visitors.push(visitor)
    const channel = await visitor.open('echo')
    const shown: Buffer[] = []
    channel.on('data', (bytes: Buffer) => shown.push(bytes))
    await eventually(() => door.sessions.size === 1)
    let asked = 0
    door.recordings.beforeAppend = () => {
      asked += 1
      return gate.promise
    }
    channel.write('a character like 世'.concat('\u{1f680}'))
    await eventually(() => asked === 1)
    await sleep(50)
    expect(Buffer.concat(shown).toString()).toBe('')
    gate.resolve()
    await eventually(() => Buffer.concat(shown).toString() === 'a character like 世\u{1f680}')
  })

  it('makes a program wait for a disk that takes 1 MB a second, and memory does not grow', async () => {
    let taken = 0
    const start = performance.now()
    door.recordings.beforeAppend = async segment => {
      taken += segment.byteLength
      const due = start + taken / 1_000
      await sleep(Math.max(0, due - performance.now()))
    }
    const running = await printing(SESSIONS_AT_ONCE)
    const before = process.memoryUsage()
    await eventually(() => taken > 2_000_000, 60_000)
    const { rss } = process.memoryUsage()
    door.recordings.failing = true
    door.recordings.beforeAppend = async () => undefined
    await expectRecorded(running)
    expect(rss - before.rss).toBeLessThan(64e6 + SESSIONS_AT_ONCE * 4e6)
  }, 600_000)

  it('does not begin a session that cannot be recorded', async () => {
    door.recordings.failing = true
    const released = door.vault.released.length
    const visitor = await visit(door.port)
    visitors.push(visitor)
    const { stdout, stderr, status } = await visitor.exec('echo')
    expect(stdout.toString()).toBe('')
    expect(stderr).toContain('The session cannot be recorded, so there is none')
    expect(status).toBe(1)
    expect(door.vault.released).toHaveLength(released)
    expect(startedIds()).toEqual([])
  })

  it('leaves a sound recording on a disk that is really full', async context => {
    const disk = smallDisk()
    if (disk === undefined) return context.skip('needs root, to mount a small disk')
    using _ = disk
    const store = directoryStore(disk.path)
    const id = { tenantId: randomUUID(), sessionId: randomUUID() }
    const clock = { now: () => new Date() }
    const cast = { cols: 80, rows: 24, startedAt: clock.now(), title: 'root@web-1' }
    const recorder = await openRecorder({ store, keys: recordingKeys, clock }, id, cast)
    await store.probe()
    let written = 0
    const fill = async (): Promise<never> => {
      for (;;) {
        await recorder.output(randomBytes(10_000))
        written += 1
      }
    }
    await expect(fill()).rejects.toMatchObject({ reason: 'recorder.failed' })
    await writeFile(join(disk.path, 'rest'), Buffer.alloc(2 ** 20)).catch(() => {})
    await expect(store.probe(), 'what /readyz asks').rejects.toMatchObject({ code: 'ENOSPC' })
    await recorder.end(undefined)
    const found = await verifyRecording(store.read(id), id, recordingKeys)
    expect(found).toMatchObject({ intact: true, segments: written + 1, complete: false })
  })
})
