import { spawn } from 'node:child_process'
import { createEgress } from '@sallyport/egress/egress'
import { laptopRules } from '@sallyport/egress/rules'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { startSmallTarget } from '@sallyport/targets/small-target'
import { eventually } from '@sallyport/testing/eventually'
import { describe, expect, test } from 'vitest'
import { builtInTemplates } from '../src/domain/template/built-in.ts'
import { scanHostKeys } from '../src/executors/ssh/scan-host-keys.ts'
import { scheduleRotation } from '../src/store/schedule.ts'
import { fakeVault } from './support/fake-vault.ts'
import { startNeighbours } from './support/neighbours.ts'

const egress = createEgress(laptopRules)
const main = join(import.meta.dirname, '../src/main.ts')

/** One credential on a real SSH server, its policy, an order to change it, and the service as processes. */
const startWorld = async () => {
  await using opened = new AsyncDisposableStack()
  const target = opened.use(await startSmallTarget())
  const { address, port, username, password } = target
  const signal = new AbortController().signal
  const hostKeys = await scanHostKeys({ address, port, egress, signal })
  const vault = fakeVault({ current: password, username, target: { address, port, hostKeys } })
  const neighbours = opened.use(await startNeighbours(vault))
  const directory = await mkdtemp(join(tmpdir(), 'execution-'))
  opened.defer(() => rm(directory, { recursive: true, force: true }))
  const files = { CERTIFICATE: 'certificate', KEY: 'privateKey', AUTHORITY: 'authority' } as const
  const environment: Record<string, string> = {
    NODE_ENV: 'test',
    SALLYPORT_EXECUTION_PORT: '0',
    SALLYPORT_EXECUTION_DATABASE_URL: neighbours.config.databaseUrl,
    SALLYPORT_EXECUTION_WORKER_DATABASE_URL: neighbours.config.workerDatabaseUrl,
    SALLYPORT_EVENT_LOG_URL: neighbours.eventLogUrl,
    SALLYPORT_ACCESS_CONTROL_ADDRESS: neighbours.config.accessControlAddress,
    SALLYPORT_VAULT_ADDRESS: neighbours.config.vaultAddress,
    SALLYPORT_TARGETS_ON_LOOPBACK: 'true',
    SALLYPORT_LOG_LEVEL: 'silent',
  }
  for (const [name, part] of Object.entries(files)) {
    const file = join(directory, part)
    await writeFile(file, neighbours.config.tls[part], { mode: 0o600 })
    environment[`SALLYPORT_TLS_${name}_FILE`] = file
  }
  const [tenantId, credentialId] = [randomUUID(), randomUUID()]
  const inTenant = <R>(query: string, params: unknown[] = []) =>
    pgTenantTransaction(neighbours.db.appPool, tenantId, sql => sql.query<R>(query, params))
  await inTenant(
    `insert into rotation_policies (tenant_id, credential_id, device_id, template_id, after_reveal, after_session,
       after_window, max_attempts, updated_at)
     values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, true, true, true, 5, now())`,
    [tenantId, credentialId, randomUUID(), builtInTemplates[0]?.id],
  )
  const order = { tenantId, credentialId, trigger: 'request', causeId: 'test', userId: randomUUID() } as const
  await pgTenantTransaction(neighbours.db.appPool, tenantId, sql =>
    scheduleRotation(sql, { ...order, happenedAt: new Date() }),
  )
  const owned = opened.move()
  return {
    vault,
    inTenant,
    start: (extra: Record<string, string> = {}) =>
      spawn(process.execPath, ['--conditions=source', main], {
        env: { ...environment, ...extra },
        stdio: 'ignore',
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

describe('the process', () => {
  test.each([
    'after candidate-sealed',
    'after sending',
    'before sent',
    'after old-refused',
    'before promoted',
  ])('killed %s leaves what the next one finishes: one change, and vault knows it', async place => {
    await using world = await startWorld()
    const doomed = world.start({ SALLYPORT_CRASH_AT: place })
    expect(await once(doomed, 'exit')).toEqual([null, 'SIGKILL'])
    await world.inTenant(`update operations set lease_until = now() where state = 'running'`)
    const next = world.start()
    try {
      await eventually(async () => {
        const [operation] = await world.inTenant<{ state: string }>('select state from operations')
        return operation?.state === 'succeeded'
      }, 20_000)
      expect(world.vault.history).toHaveLength(2)
    } finally {
      next.kill('SIGTERM')
      expect((await once(next, 'exit'))[0]).toBe(0)
    }
  })
})
