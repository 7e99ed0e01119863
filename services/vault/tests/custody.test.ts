import { fakeClock } from '@sallyport/testing/clock'
import { eventually } from '@sallyport/testing/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type GrantTarget,
  makeTarget,
  newUser,
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

const checkOut = async (target: GrantTarget, caller = target.caller) => {
  const { statement } = await vault.grant({ ...target, caller })
  return vault.as('gateway').secrets.createRevealTicket({ statement }, await vault.token(caller))
}
const colleagueOf = ({ caller }: GrantTarget) => newUser(caller.tenantId, 'bob')
const ended = async (custodyId: string) =>
  (await vault.audit('custody.ended')).find(({ details }) => details['custody_id'] === custodyId)

describe('exclusive custody', () => {
  test('lets only its holder see and use the secret, and names the holder to others', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const bob = colleagueOf(target)
    const { custodyId } = await checkOut(target)
    expect((await checkOut(target)).custodyId).toBe(custodyId)
    await expect(checkOut(target, bob)).rejects.toThrow(/^alice holds this credential until /)
    const { secrets } = vault.as('session-proxy')
    const theirs = await vault.grant({ ...target, caller: bob }, { action: 'session' })
    await expect(secrets.releaseSecret(theirs)).rejects.toEqual(reason('custody.held'))
    await secrets.releaseSecret(await vault.grant(target, { action: 'session' }))
  })

  test('goes to exactly one of many who check out at once', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const people = Array.from({ length: 8 }, (_, index) => newUser(target.caller.tenantId, `user-${index}`))
    const results = await Promise.allSettled(people.map(person => checkOut(target, person)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const refused = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    for (const error of refused) expect(error).toEqual(reason('custody.held'))
  })

  test('ends by check-in, which only its holder can do, and takes unused tickets back', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const bob = colleagueOf(target)
    const { custodyId, ticket } = await checkOut(target)
    const { custodies, secrets } = vault.as('gateway')
    const theirs = custodies.checkIn({ id: custodyId }, await vault.token(bob))
    await expect(theirs).rejects.toEqual(reason('custody.not_found'))
    const options = await vault.token(target.caller)
    const { custody } = await custodies.checkIn({ id: custodyId }, options)
    expect(custody).toMatchObject({ endedReason: 'checked-in', holderUserName: 'alice' })
    await expect(custodies.checkIn({ id: custodyId }, options)).rejects.toEqual(reason('custody.not_found'))
    await expect(secrets.redeemRevealTicket({ ticket }, options)).rejects.toEqual(
      reason('reveal_ticket.refused'),
    )
    await checkOut(target, bob)
    const event = await eventually(() =>
      vault.driver.published.find(({ type, key }) => type === 'CustodyEnded' && key === target.credential.id),
    )
    expect(event.topic).toBe('sallyport.vault.v1')
  })

  test('can be taken back by somebody with the permission, who says why', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const { custodyId } = await checkOut(target)
    const { custodies } = vault.as('gateway')
    const without = { ...colleagueOf(target), permissions: new Set([]) }
    const request = { id: custodyId, reason: 'on holiday' }
    await expect(custodies.forceCheckIn(request, await vault.token(without))).rejects.toEqual(
      reason('caller.not_allowed'),
    )
    const options = await vault.token(colleagueOf(target))
    await expect(custodies.forceCheckIn({ ...request, reason: ' ' }, options)).rejects.toEqual(
      reason('request.invalid'),
    )
    expect((await custodies.forceCheckIn(request, options)).custody?.endedReason).toBe('forced')
    expect((await ended(custodyId))?.details).toMatchObject({ reason: 'forced', comment: 'on holiday' })
  })

  test('ends with the grant: for the next person at once, and for the trail soon', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    const { custodyId } = await checkOut(target)
    clock.advance(3_600_001)
    await checkOut(target, colleagueOf(target))
    expect((await ended(custodyId))?.details['reason']).toBe('expired')
    const other = await makeTarget(vault, { exclusiveCustody: true })
    const left = await checkOut(other)
    clock.advance(3_600_001)
    const event = await eventually(() => ended(left.custodyId))
    expect(event.details['reason']).toBe('expired')
  })

  test('survives a restart', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    await checkOut(target)
    await vault.restart()
    await expect(checkOut(target, colleagueOf(target))).rejects.toEqual(reason('custody.held'))
  })

  test('of everybody is shown only with the permission', async () => {
    const target = await makeTarget(vault, { exclusiveCustody: true })
    await checkOut(target)
    const { custodies } = vault.as('gateway')
    const bob = colleagueOf(target)
    const all = { page: undefined, all: true, liveOnly: true }
    expect((await custodies.listCustodies({ ...all, all: false }, await vault.token(bob))).custodies).toEqual(
      [],
    )
    expect((await custodies.listCustodies(all, await vault.token(bob))).custodies).toHaveLength(1)
    const without = await vault.token({ ...bob, permissions: new Set([]) })
    await expect(custodies.listCustodies(all, without)).rejects.toEqual(reason('caller.not_allowed'))
  })
})
