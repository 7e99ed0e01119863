import { randomUUID } from 'node:crypto'
import {
  CustodyEnded,
  GrantEnded,
  RequestEnded,
  SecretRevealed,
  SessionEnded,
  TargetsChanged,
} from '@sallyport/contracts/events/v1/domain'
import { OperationState, Trigger } from '@sallyport/contracts/execution/v1/execution'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { someone, type ServiceUnderTest, startUnderTest } from './support/service-under-test.ts'
import { userOf } from './support/user.ts'

let service: ServiceUnderTest
beforeAll(async () => {
  service = await startUnderTest()
})
afterAll(() => service?.[Symbol.asyncDispose]())

let alice = someone()
let user: ReturnType<typeof userOf>
beforeEach(() => {
  alice = someone()
  user = userOf(service, alice)
})

describe('what happens elsewhere orders a change', () => {
  const cases = [
    [
      'a reveal',
      'SecretRevealed',
      'afterReveal',
      Trigger.REVEAL,
      (tenantId: string, credentialId: string) =>
        SecretRevealed.encode(
          SecretRevealed.fromPartial({ tenantId, credentialId, ticketId: 'cause', revealedAt: new Date() }),
        ),
    ],
    [
      'a session',
      'SessionEnded',
      'afterSession',
      Trigger.SESSION,
      (tenantId: string, credentialId: string) =>
        SessionEnded.encode(
          SessionEnded.fromPartial({ tenantId, credentialId, sessionId: 'cause', endedAt: new Date() }),
        ),
    ],
    [
      'the end of a window',
      'RequestEnded',
      'afterWindow',
      Trigger.WINDOW,
      (tenantId: string, credentialId: string) =>
        RequestEnded.encode(
          RequestEnded.fromPartial({
            tenantId,
            credentialId,
            requestId: 'cause',
            used: true,
            endedAt: new Date(),
          }),
        ),
    ],
    [
      'the end of a grant without a request',
      'GrantEnded',
      'afterWindow',
      Trigger.WINDOW,
      (tenantId: string, credentialId: string) =>
        GrantEnded.encode(
          GrantEnded.fromPartial({ tenantId, credentialId, grantId: 'cause', endedAt: new Date() }),
        ),
    ],
    [
      'the end of custody',
      'CustodyEnded',
      'afterReveal',
      Trigger.CUSTODY,
      (tenantId: string, credentialId: string) =>
        CustodyEnded.encode(CustodyEnded.fromPartial({ tenantId, credentialId, custodyId: 'cause' })),
    ],
  ] as const

  test.each(cases)('%s, once, however often the event comes', async (_, type, flag, trigger, encode) => {
    const request = await user.newPolicy({ [flag]: true })
    const { credentialId } = request
    const payload = encode(alice.tenantId, credentialId).finish()
    const id = randomUUID()
    await service.publish(alice.tenantId, type, payload, id)
    const operation = await eventually(async () => (await user.operationsOf(credentialId))[0])
    expect(operation).toMatchObject({ trigger, causeId: 'cause' })
    await eventually(
      async () => (await user.operationsOf(credentialId))[0]?.state === OperationState.SUCCEEDED,
    )
    // The same event again, and one that says the same: neither is a second change.
    await service.publish(alice.tenantId, type, payload, randomUUID())
    await service.publish(
      alice.tenantId,
      'TargetsChanged',
      TargetsChanged.encode(
        TargetsChanged.fromPartial({ tenantId: alice.tenantId, credentialId, deleted: true }),
      ).finish(),
    )
    await eventually(async () => {
      const { rows } = await service.db.adminPool.query(
        'select from execution.rotation_policies where credential_id = $1',
        [credentialId],
      )
      return rows.length === 0
    })
    if (type !== 'CustodyEnded') expect(await user.operationsOf(credentialId)).toHaveLength(1)
  })

  test('unless the policy does not ask for it, or nobody used the window', async () => {
    const request = await user.newPolicy({ afterWindow: true })
    const { credentialId } = request
    const { tenantId } = alice
    const ended = RequestEnded.fromPartial({
      tenantId,
      credentialId,
      requestId: 'r',
      used: false,
      endedAt: new Date(),
    })
    await service.publish(tenantId, 'RequestEnded', RequestEnded.encode(ended).finish())
    await service.publish(
      tenantId,
      'SessionEnded',
      SessionEnded.encode(SessionEnded.fromPartial({ tenantId, credentialId })).finish(),
    )
    const last = randomUUID()
    await service.publish(
      tenantId,
      'SecretRevealed',
      SecretRevealed.encode(SecretRevealed.fromPartial({ tenantId, credentialId })).finish(),
      last,
    )
    const lastAccess = randomUUID()
    await service.publish(tenantId, 'RequestEnded', RequestEnded.encode(ended).finish(), lastAccess)
    await eventually(async () => {
      const { rows } = await service.db.adminPool.query(
        'select from execution.consumed_events where event_id = any($1)',
        [[last, lastAccess]],
      )
      return rows.length === 2
    })
    expect(await user.operationsOf(credentialId)).toEqual([])
  })
})
