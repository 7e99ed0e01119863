import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import { SallyportError } from '@sallyport/errors/error'
import { type TestDatabase, testDatabase } from '@sallyport/testing/postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type JournalStep, journalSteps } from '../src/domain/rotation/journal.ts'
import { provedPolicies } from '../src/store/proved-policies.ts'
import { makeRig, type Rig } from './support/rig.ts'

type Counted = readonly { readonly value: number; readonly labels: { readonly proved: string } }[]

let db: TestDatabase
beforeAll(async () => {
  db = await testDatabase('execution')
})
afterAll(() => db?.[Symbol.asyncDispose]())

const auditCodes = async (rig: Rig) =>
  (await rig.audited())
    .filter(row => row.type === 'AuditEvent')
    .map(row => AuditEvent.decode(row.payload).code)

/** Runs whatever is due until nothing is. */
const settle = async (rig: Rig, rounds = 20) => {
  for (let round = 0; round < rounds; round++) {
    await rig.hurry()
    if (!(await rig.run())) return
  }
}

/** What must hold whatever happened. */
const expectReachable = (rig: Rig) => {
  const known = [rig.vault.current, ...Array.from(rig.vault.rotations.values(), ({ candidate }) => candidate)]
  expect(known.some(secret => rig.target.accepted.has(secret))).toBe(true)
}

const expectChangedOnce = async (rig: Rig) => {
  const [operation] = await rig.operations()
  expect(operation).toMatchObject({ state: 'succeeded', message: '' })
  expect([...rig.target.accepted]).toEqual([rig.vault.current])
  expect(rig.vault.history).toHaveLength(2)
  expect(new Set(rig.target.changes).size).toBe(1)
}

describe('a rotation', () => {
  test('seals, sends, verifies both, promotes, and says so', async () => {
    const rig = await makeRig(db)
    await rig.order()
    expect(await rig.run()).toBe(true)
    await expectChangedOnce(rig)
    expect(await rig.attempts()).toMatchObject([
      { number: 1, step: 'promoted', succeeded: true, error_code: '' },
    ])
    expect(await auditCodes(rig)).toEqual(['operation.started', 'rotation.succeeded'])
    expect((await rig.audited()).at(-1)?.type).toBe('RotationEnded')
    expect(rig.target.mostWrongInARow).toBe(1)
  })

  test('counts among those that were proved within a day, and before among those that never were', async () => {
    const counted = async (): Promise<Record<string, number>> => {
      const found = await provedPolicies(db.workerPool)
      return Object.fromEntries((found as Counted).map(({ labels, value }) => [labels.proved, value]))
    }
    const rig = await makeRig(db)
    const before = await counted()
    await rig.order()
    await rig.run()
    const { day = 0, never = 0, ...others } = before
    expect(never).toBeGreaterThan(0)
    expect(await counted()).toEqual({ ...others, day: day + 1, never: never - 1 })
    await rig.inTenant(`update rotation_policies set proved_at = now() - interval '8 days'`)
    expect(await counted()).toMatchObject({ day, older: (others['older'] ?? 0) + 1 })
  })

  test('keeps no secret in its log', async () => {
    const rig = await makeRig(db)
    await rig.order()
    await rig.run()
    const [attempt] = await rig.attempts()
    expect(attempt?.log.join('\n')).toContain('new password is [secret]')
    const dump = JSON.stringify([await rig.operations(), await rig.attempts(), await rig.audited()])
    for (const secret of rig.vault.history) expect(dump).not.toContain(JSON.stringify(secret).slice(1, -1))
  })

  const places = [...journalSteps, 'abandoned' as const].flatMap(
    (step): `${'before' | 'after'} ${JournalStep}`[] => [`before ${step}`, `after ${step}`],
  )

  describe.each([false, true])('with a privileged account: %s', privileged => {
    test.each(places.filter(place => !place.endsWith('begun') && !place.endsWith('abandoned')))(
      'survives a worker that dies %s',
      async place => {
        const rig = await makeRig(db, { privileged })
        await rig.order()
        expect(await rig.runAndDie(place)).toBe(true)
        expectReachable(rig)
        await rig.expireLeases()
        await settle(rig)
        await expectChangedOnce(rig)
        expect(rig.target.mostWrongInARow).toBeLessThanOrEqual(1)
      },
    )

    test.each(['before', 'after'] as const)('survives a connection that breaks %s the change', async when => {
      const rig = await makeRig(db, { privileged })
      await rig.order()
      rig.target.breakNext = when
      await rig.run()
      expectReachable(rig)
      await settle(rig)
      await expectChangedOnce(rig)
    })
  })

  test('survives dying at each place one after the other', async () => {
    const rig = await makeRig(db, { maxAttempts: 20 })
    await rig.order()
    for (const place of [
      'before sending',
      'after sending',
      'before sent',
      'after new-verified',
      'before promoted',
    ] as const) {
      await rig.runAndDie(place)
      await rig.expireLeases()
      expectReachable(rig)
    }
    await settle(rig)
    await expectChangedOnce(rig)
  })

  test('is finished without asking the target again when vault was away at the very end', async () => {
    const rig = await makeRig(db)
    await rig.order()
    const { promote } = rig.vault
    let asked = 0
    const vault = {
      ...rig.vault,
      promote: async (name: Parameters<typeof promote>[0]) => {
        asked += 1
        if (asked < 4) throw new SallyportError('service.unavailable')
        return promote(name)
      },
    }
    for (let round = 0; round < 4; round++) {
      await rig.hurry()
      await rig.run({ vault })
    }
    await expectChangedOnce(rig)
    expect(rig.target.wrongInARow).toBe(1)
  })

  test('waits for a vault that is away without using up its attempts', async () => {
    const rig = await makeRig(db, { maxAttempts: 2 })
    await rig.order()
    for (let round = 0; round < 6; round++) {
      rig.vault.failNext = new SallyportError('service.unavailable')
      await rig.run()
      await rig.hurry()
    }
    expect(await rig.operations()).toMatchObject([{ state: 'scheduled' }])
    await settle(rig)
    await expectChangedOnce(rig)
  })

  test('backs off between attempts', async () => {
    const rig = await makeRig(db)
    await rig.order()
    rig.target.reachable = false
    await rig.run()
    const [operation] = await rig.operations()
    expect(operation).toMatchObject({ state: 'scheduled', attempts: 1, sent: false })
    const wait = (operation?.due_at.getTime() ?? 0) - Date.now()
    expect(wait).toBeGreaterThan(2000)
    expect(wait).toBeLessThan(5100)
  })

  test('that never reached the target fails in the end, and gives up its candidate', async () => {
    const rig = await makeRig(db, { maxAttempts: 3 })
    await rig.order()
    rig.target.reachable = false
    await settle(rig)
    expect(await rig.operations()).toMatchObject([{ state: 'failed', attempts: 3, sent: false }])
    expect([...rig.vault.rotations.values()]).toMatchObject([{ state: 'abandoned' }])
    expect(await auditCodes(rig)).toContain('rotation.failed')
  })

  test('that was proved not to have changed anything fails, and can be restarted', async () => {
    const rig = await makeRig(db, { maxAttempts: 2 })
    await rig.order()
    rig.target.breakNext = 'before'
    await rig.run()
    await rig.hurry()
    rig.target.breakNext = 'before'
    await rig.run()
    expect(await rig.operations()).toMatchObject([{ state: 'failed', sent: false }])
    expect(rig.vault.current).toBe('Old-secret-1')
    expect([...rig.vault.rotations.values()]).toMatchObject([{ state: 'abandoned' }])
    await rig.inTenant(`update operations set state = 'scheduled', max_attempts = attempts + 2`)
    await settle(rig)
    expect(await rig.operations()).toMatchObject([{ state: 'succeeded' }])
    expect([...rig.target.accepted]).toEqual([rig.vault.current])
  })

  test('whose target went away after the change ends unknown, keeps both secrets, and is resolved by the next order', async () => {
    const rig = await makeRig(db, { maxAttempts: 2 })
    await rig.order()
    await rig.runAndDie('before sent')
    await rig.expireLeases()
    rig.target.reachable = false
    await settle(rig)
    expect(await rig.operations()).toMatchObject([{ state: 'unknown', sent: true }])
    expect([...rig.vault.rotations.values()]).toMatchObject([{ state: 'open' }])
    expectReachable(rig)
    rig.target.reachable = true
    expect(await rig.order()).toMatchObject({ scheduling: 'restart' })
    await settle(rig)
    await expectChangedOnce(rig)
    expect(await auditCodes(rig)).toContain('rotation.resolved')
  })

  test('whose outcome is unknown is looked into again by itself, and resolved once the target is back', async () => {
    const rig = await makeRig(db, { maxAttempts: 1 })
    await rig.order()
    await rig.runAndDie('before sent')
    await rig.expireLeases()
    rig.target.reachable = false
    await settle(rig)
    const later = () => rig.inTenant(`update operations set resolve_at = now() where resolve_at is not null`)
    for (let round = 0; round < 10; round++) {
      expect(await rig.run()).toBe(false)
      await later()
      expect(await rig.run()).toBe(true)
      expect(await rig.operations()).toMatchObject([{ state: 'unknown' }])
    }
    rig.target.reachable = true
    await later()
    await rig.run()
    await expectChangedOnce(rig)
  })

  test('of an account that accepts neither secret stops trying, unless a privileged account can repair it', async () => {
    for (const privileged of [false, true]) {
      const rig = await makeRig(db, { privileged })
      await rig.order()
      await rig.runAndDie('before sent')
      rig.target.accepted = new Set(['somebody else changed it'])
      await rig.expireLeases()
      await settle(rig)
      const [operation] = await rig.operations()
      if (privileged) expect([...rig.target.accepted]).toEqual([rig.vault.current])
      else expect(operation).toMatchObject({ state: 'unknown', attempts: 2, resolve_at: null })
      expect(rig.target.mostWrongInARow).toBeLessThanOrEqual(2)
    }
  })

  test('of an account that accepts both secrets is not promoted', async () => {
    const rig = await makeRig(db, { maxAttempts: 2 })
    await rig.order()
    const keepOld: Rig['target']['run'] = async run => {
      await rig.target.run(run)
      rig.target.accepted.add('Old-secret-1')
    }
    for (let round = 0; round < 3; round++) {
      await rig.hurry()
      await rig.run({ executor: { run: keepOld, probe: rig.target.probe } })
    }
    expect(await rig.operations()).toMatchObject([
      { state: 'unknown', message: 'The target accepts the old and the new secret' },
    ])
    expect(rig.vault.history).toEqual(['Old-secret-1'])
  })

  test('tries a wrong current password once, and never again by itself', async () => {
    const rig = await makeRig(db)
    rig.target.accepted = new Set(['somebody else changed it'])
    await rig.order()
    await settle(rig)
    expect(await rig.operations()).toMatchObject([{ state: 'failed', attempts: 1 }])
    expect(rig.target.mostWrongInARow).toBe(1)
  })

  test('that kills its worker again and again is given up', async () => {
    const rig = await makeRig(db, { maxAttempts: 1 })
    await rig.order()
    for (let round = 0; round < 6; round++) {
      await rig.runAndDie('after candidate-sealed')
      await rig.expireLeases()
    }
    await settle(rig)
    expect(await rig.operations()).toMatchObject([{ state: 'failed', attempts: 7 }])
  })

  test('does not begin when its audit record cannot be written', async () => {
    const rig = await makeRig(db)
    await rig.order()
    await db.ownerPool.query(`
      create function execution.refuse() returns trigger language plpgsql as $$ begin raise 'no audit'; end $$;
      create trigger refuse before insert on execution.outbox for each row execute function execution.refuse()`)
    try {
      await expect(rig.run()).rejects.toMatchObject({ reason: 'audit.unavailable' })
      expect(rig.vault.rotations.size).toBe(0)
      expect(rig.target.changes).toEqual([])
    } finally {
      await db.ownerPool.query('drop trigger refuse on execution.outbox; drop function execution.refuse')
    }
  })
})
