import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '@sallyport/testing/eventually'
import { counted, figure, isNightly } from '@sallyport/testing/proof'
import { missingRsyslog, type Rsyslog, startRsyslog } from '@sallyport/testing/rsyslog'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readCef } from '../services/audit/tests/cef-reader.ts'
import { readSyslog } from '../services/audit/tests/syslog-reader.ts'
import { openStage, type Stage } from './support/stage.ts'

type Destination = {
  id: string
  position: number
  behind: number
  failingSince: string | null
  version: number
}
type Trail = { items: { sequence: number; code: string; eventId: string }[]; nextCursor: string | null }

/** How long the receiver is away. */
const awayMs = counted(30 * 60_000, 0)
const missing = missingRsyslog()
const stack = new AsyncDisposableStack()
let stage: Stage
let rsyslog: Rsyslog
let destination: string

beforeAll(async () => {
  if (missing) return
  rsyslog = stack.use(await startRsyslog())
  stage = stack.use(await openStage())
  const { port, authority } = rsyslog
  const settings = { name: 'SIEM', host: '127.0.0.1', port, format: 'cef', authority }
  const made = await stage.admin.api.post<Destination>('/audit-destinations', { ...settings, from: 1 })
  destination = made.id
})
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

/** How many groups there are. */
let made = 0

const work = async (name: string, count: number): Promise<void> => {
  for (let index = 0; index < count; index += 1) {
    await stage.admin.api.post('/user-groups', { name: `${name} ${made}` })
    made += 1
    // No more than one person may write.
    if (isNightly) await pause(50)
  }
}

const read = (): Promise<Destination> =>
  stage.admin.api.get<Destination>(`/audit-destinations/${destination}`)

/** The trail as the API tells it, the oldest first. */
const trail = async (): Promise<Trail['items']> => {
  const items: Trail['items'] = []
  for (let cursor = ''; ; ) {
    const page = await stage.admin.api.get<Trail>(`/audit/records?limit=200${cursor && `&cursor=${cursor}`}`)
    items.push(...page.items)
    cursor = page.nextCursor ?? ''
    if (cursor === '') break
  }
  return items.toSorted((a, b) => a.sequence - b.sequence)
}

/** Longer than a receiver that was away is left alone. */
const patience = 90_000

const isUpTo = (code: string): Promise<true> =>
  eventually(async () => {
    const found = await rsyslog.received()
    return found.some(line => line.includes(`|${code}|`)) && true
  }, patience)

describe('A SIEM', () => {
  it('hears what happens, as it happens', async () => {
    await work('a|b=c\\d', 1)
    await isUpTo('group.created')
    const heard = (await rsyslog.received()).map(line => readCef(readSyslog(line).text))
    const group = heard.find(({ header }) => header[4] === 'group.created')
    expect(group?.extension).toMatchObject({ suser: 'admin', cs6: 'a|b=c\\d 0', outcome: 'success' })
  })

  it('that was away under load has everything afterwards, in the order of the trail', {
    timeout: awayMs + 600_000,
  }, async () => {
    await work('before', 20)
    await rsyslog.stop()
    await work('meanwhile', 60)
    for (const until = performance.now() + awayMs; performance.now() < until; ) await work('meanwhile', 20)
    await eventually(async () => (await read()).failingSince !== null)
    const { behind } = await read()
    await rsyslog.start()
    const startedAt = performance.now()
    await isUpTo('audit_destination.recovered')
    const caughtUpMs = performance.now() - startedAt
    const heard = (await rsyslog.received()).map(readSyslog)
    const events = [...new Set(heard.map(({ data }) => data['event']))]
    const recorded = (await trail()).slice(0, events.length)
    expect(events).toEqual(recorded.map(({ eventId }) => eventId))
    expect(recorded.filter(({ code }) => code === 'group.created')).toHaveLength(made)
    figure(
      'SIEM',
      `away for ${Math.round(awayMs / 1_000)} s under load: ${behind} records behind, all ${events.length} there ` +
        `in order ${Math.round(caughtUpMs / 1_000)} s after it came back`,
    )
  })

  it('that is removed hears nothing any more', async () => {
    const { version } = await eventually(async () => {
      const found = await read()
      return found.behind === 0 && found
    }, patience)
    await stage.admin.api.delete(`/audit-destinations/${destination}`, version)
    const heard = (await rsyslog.received()).length
    await work('afterwards', 5)
    const recorded = await eventually(async () => {
      const found = await trail()
      return found.filter(({ code }) => code === 'group.created').length === made && found
    })
    expect(recorded.map(({ code }) => code)).toContain('audit_destination.deleted')
    expect((await rsyslog.received()).length - heard).toBeLessThanOrEqual(1)
  })
})
