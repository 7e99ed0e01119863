import { randomUUID } from 'node:crypto'
import { AuditEvent } from '@sallyport/contracts/events/v1/audit'
import {
  HostKeyServiceService,
  OperationServiceService,
  RotationPolicyServiceService,
  TemplateServiceService,
} from '@sallyport/contracts/execution/v1/execution'
import { pgTenantTransaction } from '@sallyport/database/transaction'
import { domainEvents } from '@sallyport/events/domain-events'
import { appendEvent } from '@sallyport/events/outbox'
import { type Caller, signCallerToken } from '@sallyport/identity/caller-token'
import { type Permission, permissions } from '@sallyport/identity/permissions'
import type { ServiceName } from '@sallyport/identity/services'
import { openChannel } from '@sallyport/rpc/channel'
import { connectRpc, type RequestOptions } from '@sallyport/rpc/client'
import { createLogger } from '@sallyport/telemetry/logger'
import { startExecution } from '../../src/service.ts'
import { fakeTarget } from './fake-target.ts'
import { fakeVault } from './fake-vault.ts'
import { startNeighbours } from './neighbours.ts'

export type ServiceUnderTest = Awaited<ReturnType<typeof startUnderTest>>

/** The real service over mTLS on a real database, with a target and neighbours that the test plays. */
export const startUnderTest = async () => {
  await using opened = new AsyncDisposableStack()
  const vault = fakeVault({
    current: 'Old-secret-1',
    username: 'app',
    target: { address: '192.0.2.1', port: 22, hostKeys: [] },
  })
  const target = fakeTarget('Old-secret-1')
  const neighbours = opened.use(await startNeighbours(vault))
  const { db, keys } = neighbours
  const log = createLogger('test', 'silent')
  const service = opened.use(
    await startExecution(neighbours.config, { callerKeys: keys, log, attempt: { executor: target } }),
  )
  const channel = opened.use(
    openChannel({
      service: 'execution',
      address: service.address,
      tls: await neighbours.authority.issue('gateway'),
    }),
  )
  const owned = opened.move()
  const tokenFor = (caller: Caller, audience: ServiceName) =>
    signCallerToken(caller, { audience, key: neighbours.signingKey, now: new Date() })
  return {
    db,
    vault,
    target,
    templates: connectRpc(TemplateServiceService, channel),
    policies: connectRpc(RotationPolicyServiceService, channel),
    operations: connectRpc(OperationServiceService, channel),
    hostKeys: connectRpc(HostKeyServiceService, channel),
    vaultToken: (caller: Caller) => tokenFor(caller, 'vault'),
    as: async (caller: Caller, options: RequestOptions = {}): Promise<RequestOptions> => ({
      callerToken: await tokenFor(caller, 'execution'),
      ...options,
    }),
    addTarget: neighbours.addTarget,
    /** Publishes an event as another service would: this service's own outbox carries it as well. */
    publish: (
      tenantId: string,
      type: keyof typeof domainEvents,
      payload: Uint8Array,
      id: string = randomUUID(),
    ) =>
      pgTenantTransaction(db.appPool, tenantId, sql =>
        appendEvent(sql, { id, topic: domainEvents[type].topic, key: id, tenantId, type, payload }),
      ),
    audited: async (tenantId: string): Promise<string[]> => {
      const { rows } = await db.adminPool.query<{ payload: Buffer }>(
        `select payload from (
           select payload, created_at from event_log.records where topic = 'sallyport.audit-intake.v1'
           union all select payload, created_at from execution.outbox where type = 'AuditEvent') as said
         order by created_at`,
      )
      // The relay may have published an event that it has not yet taken out of the outbox.
      const events = new Map(rows.map(row => AuditEvent.decode(row.payload)).map(event => [event.id, event]))
      return [...events.values()]
        .filter(event => event.tenantId === tenantId)
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
        .map(event => event.code)
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** A user with every permission, or with some. */
export const someone = (tenantId: string = randomUUID(), granted?: readonly Permission[]): Caller => ({
  tenantId,
  userId: randomUUID(),
  userName: 'alice',
  permissions: new Set(granted ?? (Object.keys(permissions) as Permission[])),
  loginSessionId: randomUUID(),
  kind: 'person',
  strength: 'mfa',
  sourceAddress: '127.0.0.1',
})
