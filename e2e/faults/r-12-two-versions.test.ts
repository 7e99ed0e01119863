import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signInFirst } from '@sallyport/standalone/demo/person'
import { missingKafka } from '@sallyport/testing/kafka-jars'
import { figure } from '@sallyport/testing/proof'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Business, openBusiness } from '../support/business.ts'
import { openCluster } from '../support/cluster.ts'
import { checkOutEarlier } from '../support/earlier-version.ts'
import { hurryOperations } from '../support/hurry.ts'
import { migrateBy } from '../support/migrate-by.ts'
import type { Processes } from '../support/processes.ts'
import { thisCheckout } from '../support/program.ts'
import { allBut, carrierOf, rollOne, startAsking } from '../support/rolling.ts'
import { shows } from '../support/seen.ts'
import { unlimited } from '../support/unlimited.ts'

const earlier = process.env['SALLYPORT_EARLIER_VERSION']
const missing =
  missingKafka() ?? (earlier ? undefined : 'needs SALLYPORT_EARLIER_VERSION, a commit to upgrade from')
const stack = new AsyncDisposableStack()
let earlierCheckout: string
let platform: Processes
let api: Parameters<typeof startAsking>[0]
let business: Business

beforeAll(async () => {
  if (missing || !earlier) return
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-earlier-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  earlierCheckout = join(directory, 'checkout')
  checkOutEarlier(earlier, earlierCheckout)
  const options = { checkout: earlierCheckout, environment: { gateway: unlimited } }
  platform = stack.use(await openCluster(options)).platform
  const admin = await signInFirst(platform.apiUrl, {
    userName: 'admin',
    initialPassword: platform.initialPassword,
  })
  api = admin.api
  business = stack.use(await openBusiness(platform, admin, 'versions'))
}, 600_000)
afterAll(() => stack.disposeAsync())
beforeEach(context => {
  if (missing) context.skip(missing)
})

const rollTo = async (checkout: string, userName: string): Promise<string> => {
  await using load = business.startLoad()
  await business.goesOn(load)
  const shell = await business.openShell(userName)
  const carrier = ['session-proxy', await carrierOf(platform, userName)] as const
  await using asking = startAsking(api)
  // Going back migrates nothing, as `helm rollback` does.
  const migrated = checkout === thisCheckout ? await migrateBy(checkout, platform.postgres) : ''
  for (const one of await allBut(platform, userName)) {
    await rollOne(platform, one, checkout)
    await business.goesOn(load)
  }
  shell.shell.write('echo still here\n')
  await shows(shell.shell, 'still here', 10_000)
  expect(await business.cut(shell)).toBeLessThan(2_000)
  await rollOne(platform, carrier, checkout)
  await business.goesOn(load)
  await asking[Symbol.asyncDispose]()
  expect(asking.failures()).toEqual([])
  await using _ = hurryOperations(platform.postgres.adminUrl())
  await business.expectNothingLost(load)
  return (
    `${migrated.match(/: applied$/gm)?.length ?? 0} × migrated, ${asking.answered()} requests, ${load.writers.acknowledged().length} writes, ` +
    `${load.rotations.ended()} rotations, ${load.sessions.succeeded()} sessions`
  )
}

describe('R-12: two versions side by side, two replicas of everything', () => {
  it('are an upgrade that nobody notices', { timeout: 900_000 }, async () => {
    figure(
      'R-12',
      `from ${earlier ?? ''} to this version: ${await rollTo(thisCheckout, 'rosa')}: 0 failed, 0 lost`,
    )
  })

  it('and a way back, on the newer schema', { timeout: 900_000 }, async () => {
    figure('R-12', `and back: ${await rollTo(earlierCheckout, 'rudi')}: 0 failed, 0 lost`)
  })
})
