import { randomUUID } from 'node:crypto'
import { SecretKind } from '@sallyport/contracts/vault/v1/inventory'
import { eventually } from '@sallyport/testing/eventually'
import { fakeClock } from '@sallyport/testing/clock'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type GrantTarget,
  makeCredential,
  makeDevice,
  makeTarget,
  newUser,
  present,
  reason,
  startVaultUnderTest,
  type VaultUnderTest,
} from './vault-under-test.ts'

const clock = fakeClock(new Date())
let vault: VaultUnderTest
beforeAll(async () => {
  vault = await startVaultUnderTest({ now: clock.now })
})
afterAll(() => vault[Symbol.asyncDispose]())
beforeEach(() => {
  Object.assign(vault.accessControl.reachable, { stream: true, check: true })
})

const session = { action: 'session' } as const
const auditOf = async (code: string, { credential }: GrantTarget) =>
  (await vault.audit(code)).filter(({ target }) => target?.id === credential.id)

const ticketFor = async (target: GrantTarget, changes = {}) => {
  const { statement } = await vault.grant(target, changes)
  return vault.as('gateway').secrets.createRevealTicket({ statement }, await vault.token(target.caller))
}
const redeem = async (target: GrantTarget, ticket: string) =>
  vault.as('gateway').secrets.redeemRevealTicket({ ticket }, await vault.token(target.caller))

describe('releasing a secret for a session', () => {
  test('gives the secret and the pinned host keys, once, and leaves an audit record', async () => {
    const target = await makeTarget(vault, { secret: 'pässwörd 🔑' })
    const { statement, claims } = await vault.grant(target, session)
    const { secrets } = vault.as('session-proxy')
    const released = await secrets.releaseSecret({ statement })
    expect(released.secret.toString()).toBe('pässwörd 🔑')
    expect(released).toMatchObject({
      kind: SecretKind.PASSWORD,
      versionNumber: 1,
      endpoint: { address: '127.0.0.1', port: 22, hostKeys: target.device.hostKeys },
    })
    await expect(secrets.releaseSecret({ statement })).rejects.toEqual(reason('grant.used'))
    const [event] = await auditOf('secret.released', target)
    expect(event).toMatchObject({
      grantId: claims.grantId,
      requestId: claims.requestId,
      actor: { name: 'alice' },
    })
    expect(await auditOf('secret.refused', target)).toMatchObject([{ details: { reason: 'grant.used' } }])
  })

  test('of many uses of one grant at once lets exactly one through', async () => {
    const target = await makeTarget(vault)
    const { statement } = await vault.grant(target, session)
    const uses = Array.from({ length: 8 }, () =>
      vault.as('session-proxy').secrets.releaseSecret({ statement }),
    )
    const results = await Promise.allSettled(uses)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is refused for a grant to view, for another device, when over, or when forged', async () => {
    const target = await makeTarget(vault)
    const release = async (changes: object): Promise<unknown> => {
      const { statement } = await vault.grant(target, { ...session, ...changes })
      return vault.as('session-proxy').secrets.releaseSecret({ statement })
    }
    const second = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
    const refused = reason('grant.invalid')
    await expect(release({ action: 'view' })).rejects.toEqual(refused)
    await expect(release({ action: 'rotate' })).rejects.toEqual(refused)
    await expect(release({ subject: { kind: 'operation', id: randomUUID(), name: 'o' } })).rejects.toEqual(
      refused,
    )
    await expect(release({ endsAt: second(-1) })).rejects.toEqual(refused)
    await expect(release({ notBefore: second(-120), expiresAt: second(-60) })).rejects.toEqual(refused)
    await expect(release({ deviceId: randomUUID() })).rejects.toEqual(reason('credential.not_found'))
    await expect(release({ tenantId: randomUUID() })).rejects.toEqual(reason('credential.not_found'))
    const { statement } = await vault.grant(target, session)
    const [head, , tail] = statement.split('.')
    const body = Buffer.from(JSON.stringify({ cid: randomUUID() })).toString('base64url')
    const forged = vault.as('session-proxy').secrets.releaseSecret({ statement: `${head}.${body}.${tail}` })
    await expect(forged).rejects.toEqual(refused)
  })

  test('is refused to every service but the session proxy', async () => {
    const target = await makeTarget(vault)
    const { statement } = await vault.grant(target, session)
    for (const service of ['gateway', 'execution', 'access-control', 'audit'] as const)
      await expect(vault.as(service).secrets.releaseSecret({ statement })).rejects.toEqual(
        reason('service.not_allowed'),
      )
  })

  test('is refused while no host key is pinned, and while there is no secret', async () => {
    const caller = newUser()
    const device = await makeDevice(vault, caller, false)
    const credential = await makeCredential(vault, caller, device)
    const unpinned = await vault.grant({ caller, device, credential }, session)
    const { secrets } = vault.as('session-proxy')
    await expect(secrets.releaseSecret(unpinned)).rejects.toEqual(reason('device.no_host_key'))
    const empty = await makeTarget(vault, { secret: '' })
    await expect(secrets.releaseSecret(await vault.grant(empty, session))).rejects.toEqual(
      reason('credential.no_secret'),
    )
  })
})

describe('a reveal ticket', () => {
  test('shows the secret once, to its person, and marks the credential as exposed', async () => {
    const target = await makeTarget(vault)
    const { ticket, showSeconds, custodyId, expiresAt } = await ticketFor(target)
    expect({ showSeconds, custodyId }).toEqual({ showSeconds: 30, custodyId: '' })
    expect(expiresAt).toEqual(new Date(clock.now().getTime() + 30_000))
    expect((await redeem(target, ticket)).secret.toString()).toBe('first-secret')
    await expect(redeem(target, ticket)).rejects.toEqual(reason('reveal_ticket.refused'))
    const request = { id: target.credential.id }
    const { credential } = await vault
      .as('gateway')
      .credentials.getCredential(request, await vault.token(target.caller))
    expect(credential?.exposedSince).toEqual(clock.now())
    expect(await auditOf('secret.revealed', target)).toHaveLength(1)
    const revealed = await eventually(() =>
      vault.driver.published.find(({ type, key }) => type === 'SecretRevealed' && key === request.id),
    )
    expect(revealed.topic).toBe('sallyport.vault.v1')
  })

  test('of many redemptions at once lets exactly one through', async () => {
    const target = await makeTarget(vault)
    const { ticket } = await ticketFor(target)
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => redeem(target, ticket)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is refused to anybody else, in another login, after its time, and when made up', async () => {
    const target = await makeTarget(vault)
    const refused = reason('reveal_ticket.refused')
    const { ticket } = await ticketFor(target)
    const others = [
      newUser(target.caller.tenantId, 'bob'),
      newUser(),
      { ...target.caller, loginSessionId: randomUUID() },
    ]
    for (const caller of others) await expect(redeem({ ...target, caller }, ticket)).rejects.toEqual(refused)
    await expect(redeem(target, `${ticket}x`)).rejects.toEqual(refused)
    clock.advance(30_000)
    await expect(redeem(target, ticket)).rejects.toEqual(refused)
  })

  test('is only made for the subject of a grant to view, in the same login', async () => {
    const target = await makeTarget(vault)
    const refused = reason('grant.invalid')
    const bob = newUser(target.caller.tenantId, 'bob')
    await expect(ticketFor(target, session)).rejects.toEqual(refused)
    await expect(ticketFor(target, { loginSessionId: randomUUID() })).rejects.toEqual(refused)
    const { statement } = await vault.grant(target)
    const stolen = vault.as('gateway').secrets.createRevealTicket({ statement }, await vault.token(bob))
    await expect(stolen).rejects.toEqual(refused)
    expect(await auditOf('secret.refused', target)).toHaveLength(3)
  })

  test('is stored only as a hash', async () => {
    const { ticket } = await ticketFor(await makeTarget(vault))
    const { rows } = await vault.database.adminPool.query<{ row: string }>(
      'select reveal_tickets::text as row from vault.reveal_tickets',
    )
    const hex = Buffer.from(ticket).toString('hex')
    expect(rows.filter(({ row }) => row.includes(ticket) || row.includes(hex))).toEqual([])
  })
})

describe('a revoked grant', () => {
  test('is refused, and its ticket and custody end', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const { statement, claims } = await vault.grant(target)
    const options = await vault.token(target.caller)
    const { ticket, custodyId } = await vault.as('gateway').secrets.createRevealTicket({ statement }, options)
    const unused = await vault.grant(target, { ...session, grantId: claims.grantId })
    vault.accessControl.revoke({
      tenantId: target.caller.tenantId,
      grantId: claims.grantId,
      reason: 'revoked',
    })
    const custody = await eventually(async () => {
      const request = { page: undefined, all: false, liveOnly: false }
      const { custodies } = await vault.as('gateway').custodies.listCustodies(request, options)
      return custodies.find(({ id, endedAt }) => id === custodyId && endedAt)
    })
    expect(custody.endedReason).toBe('revoked')
    await expect(redeem(target, ticket)).rejects.toEqual(reason('reveal_ticket.refused'))
    await expect(vault.as('session-proxy').secrets.releaseSecret(unused)).rejects.toEqual(
      reason('grant.revoked'),
    )
  })

  test('is refused when only CheckGrants knows, and when nobody can be asked', async () => {
    const target = await makeTarget(vault)
    const { reachable } = vault.accessControl
    Object.assign(reachable, { stream: false, check: false })
    const { secrets } = vault.as('session-proxy')
    const release = async (): Promise<unknown> =>
      secrets.releaseSecret(await vault.grant(target, session)).catch((error: unknown) => error)
    const unconfirmed = { reason: 'grant.unconfirmed' }
    await eventually(async () => expect(await release()).toMatchObject(unconfirmed))
    const first = await vault.grant(target, session)
    reachable.check = true
    vault.accessControl.revoke({
      tenantId: target.caller.tenantId,
      grantId: first.claims.grantId,
      reason: 'r',
    })
    await expect(secrets.releaseSecret(first)).rejects.toEqual(reason('grant.revoked'))
    await secrets.releaseSecret(await vault.grant(target, session))
  })

  test('ends custody also by its durable event', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const { statement, claims } = await vault.grant(target)
    const options = await vault.token(target.caller)
    await vault.as('gateway').secrets.createRevealTicket({ statement }, options)
    const { GrantEnded } = await import('@sallyport/contracts/events/v1/domain')
    const { tenantId } = target.caller
    const payload = GrantEnded.encode(
      GrantEnded.fromPartial({ tenantId, grantId: claims.grantId, cause: 'revoked' }),
    )
    const event = {
      id: randomUUID(),
      topic: 'sallyport.access-control.v1',
      key: claims.grantId,
      tenantId,
      type: 'GrantEnded',
      source: 'test',
      time: clock.now(),
      payload: payload.finish(),
    }
    await vault.driver.deliver(event)
    await vault.driver.deliver(event)
    const request = { page: undefined, all: false, liveOnly: true }
    expect((await vault.as('gateway').custodies.listCustodies(request, options)).custodies).toEqual([])
    expect(await auditOf('custody.ended', target)).toHaveLength(1)
  })
})

describe('no audit record, no secret', () => {
  test('when the outbox refuses the record, nothing leaves and the grant is not used up', async () => {
    const target = await makeTarget(vault)
    const { ticket } = await ticketFor(target)
    const forSession = await vault.grant(target, session)
    await vault.database.ownerPool.query(`
      create function refuse() returns trigger language plpgsql as $$ begin raise exception 'disk full'; end $$;
      create trigger refuse before insert on outbox for each row execute function refuse()`)
    try {
      const { secrets } = vault.as('session-proxy')
      await expect(secrets.releaseSecret(forSession)).rejects.toEqual(reason('audit.unavailable'))
      await expect(redeem(target, ticket)).rejects.toEqual(reason('audit.unavailable'))
      await expect(ticketFor(target)).rejects.toEqual(reason('audit.unavailable'))
    } finally {
      await vault.database.ownerPool.query('drop trigger refuse on outbox; drop function refuse')
    }
    await vault.as('session-proxy').secrets.releaseSecret(forSession)
    expect((await redeem(target, ticket)).secret.toString()).toBe('first-secret')
  })
})

describe('a ciphertext', () => {
  const tampering: [string, string][] = [
    ['copied from another credential', 'ciphertext = other.ciphertext, wrapped_key = other.wrapped_key'],
    ['without its data key', 'ciphertext = other.ciphertext'],
    ['with another data key', 'wrapped_key = other.wrapped_key'],
    [
      'with a flipped byte',
      'ciphertext = set_byte(version.ciphertext, 60, 255 - get_byte(version.ciphertext, 60))',
    ],
  ]

  test.each(tampering)('%s is refused on read, and the trail says so', async (_how, change) => {
    const target = await makeTarget(vault)
    const other = await makeCredential(vault, target.caller, target.device, { secret: 'other-secret!' })
    const sql = `update vault.secret_versions as version set ${change}
      from vault.secret_versions as other where version.credential_id = $1 and other.credential_id = $2`
    await vault.database.adminPool.query(sql, [target.credential.id, other.id])
    const release = vault.as('session-proxy').secrets.releaseSecret(await vault.grant(target, session))
    await expect(release).rejects.toEqual(reason('sealed_value.refused'))
    expect(await auditOf('encryption.failed', target)).toHaveLength(1)
  })

  test('moved to another credential with its whole row is refused', async () => {
    const target = await makeTarget(vault)
    const other = await makeCredential(vault, target.caller, target.device, { secret: 'other-secret!' })
    const { adminPool } = vault.database
    await adminPool.query('delete from vault.secret_versions where credential_id = $1', [
      target.credential.id,
    ])
    await adminPool.query('update vault.secret_versions set credential_id = $1 where credential_id = $2', [
      target.credential.id,
      other.id,
    ])
    const release = vault.as('session-proxy').secrets.releaseSecret(await vault.grant(target, session))
    await expect(release).rejects.toEqual(reason('sealed_value.refused'))
  })

  test('is all that the database holds of a secret', async () => {
    const canary = `canary-${randomUUID()}`
    const target = await makeTarget(vault, { secret: canary })
    await redeem(target, (await ticketFor(target)).ticket)
    const { rows: tables } = await vault.database.adminPool.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'vault'",
    )
    const needles = [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64')]
    for (const { name } of tables) {
      const { rows } = await vault.database.adminPool.query<{ row: string }>(
        `select t::text as row from vault.${name} as t`,
      )
      for (const needle of needles)
        expect(
          rows.some(({ row }) => row.includes(needle)),
          name,
        ).toBe(false)
    }
    const events = vault.driver.published.map(({ payload }) => Buffer.from(payload).toString('latin1')).join()
    expect(events).not.toContain(canary)
    expect(present(tables[0]).name).toBeTruthy()
  })
})
