import type { Sql } from '@sallyport/database/sql'
import { recordAudit } from './record.ts'
import { type CallSource, onBehalfOf } from './source.ts'

/** A call that its method's row refused; `Refusal` of `@sallyport/rpc/server` is one. */
export type RefusedCall = {
  readonly method: string
  readonly requestId: string
  readonly service: string | undefined
  readonly caller: CallSource['caller'] | undefined
  readonly error: { readonly reason: string; readonly metadata: Readonly<Record<string, string>> }
}

/** A connection whose other end could not prove that it is one of our services, with TLS' own word for why. */
export type RefusedConnection = { readonly reason: string; readonly sourceAddress: string }

/** Runs work in a transaction of the tenant, as the service's app role. */
export type TenantSql = (tenantId: string, work: (sql: Sql) => Promise<void>) => Promise<void>

type Deps = {
  /** Which service refuses. */
  readonly service: string
  readonly inTenant: TenantSql
  /** The operator's tenant, in whose trail stands what concerns no other; undefined while it is not known. */
  readonly operatorTenant: () => Promise<string | undefined>
  readonly steadyNow?: () => number
}

/** What a server tells of those it refuses. */
export type RefusalAudit = {
  readonly onRefused: (call: RefusedCall) => Promise<void>
  readonly onConnectionRefused: (connection: RefusedConnection) => Promise<void>
}

/**
 * Records refused calls of known users in their tenant's trail, each; and what is refused to nobody in particular in the
 * operator's: of one kind one a minute, with how many there were before it. Whoever can reach a port could fill the trail.
 * What the operator's tenant is not known for yet is only in the log.
 */
export const auditRefusals = ({
  service,
  inTenant,
  operatorTenant,
  steadyNow = () => performance.now(),
}: Deps): RefusalAudit => {
  const held = holdBack(steadyNow)
  const inOperatorsTrail = async (
    kind: string,
    work: (sql: Sql, tenantId: string, repeated: number) => Promise<void>,
  ): Promise<void> => {
    const repeated = held(kind)
    if (repeated === undefined) return
    const tenantId = await operatorTenant()
    if (tenantId !== undefined) await inTenant(tenantId, sql => work(sql, tenantId, repeated))
  }
  return {
    onRefused: async ({ method, requestId, service: peer, caller, error }) => {
      const call = { method, requestId, audited: new Set<string>() }
      const details = { method, peer, reason: error.reason, permission: error.metadata['permission'] }
      if (!caller)
        return inOperatorsTrail(`${method} ${peer} ${error.reason}`, (sql, tenantId, repeated) => {
          const actor = peer ? ({ kind: 'service', id: peer, name: peer } as const) : nobody
          const source = onBehalfOf(call, tenantId, actor)
          return recordAudit(sql, source, 'call.refused', {
            outcome: 'failure',
            details: { ...details, repeated },
          })
        })
      const { tenantId, userId: id, userName: name, loginSessionId, sourceAddress } = caller
      const source = onBehalfOf(call, tenantId, { kind: 'user', id, name, loginSessionId, sourceAddress })
      await inTenant(tenantId, sql =>
        recordAudit(sql, source, 'call.refused', { outcome: 'failure', details }),
      )
    },
    onConnectionRefused: ({ reason, sourceAddress }) =>
      inOperatorsTrail(reason, (sql, tenantId, repeated) =>
        recordAudit(sql, { service, tenantId, actor: { ...nobody, sourceAddress } }, 'connection.refused', {
          outcome: 'failure',
          details: { reason, repeated },
        }),
      ),
  }
}

const nobody = { kind: 'anonymous' } as const

const minuteMs = 60_000
/** Kinds are combinations of our own words and TLS'; more of them than this nobody needs. */
const mostKinds = 1_000

/** Lets one of its kind pass in a minute; gives how many did not since the last one, or undefined for those. */
const holdBack = (steadyNow: () => number): ((kind: string) => number | undefined) => {
  const kinds = new Map<string, { at: number; held: number }>()
  return kind => {
    const last = kinds.get(kind)
    if (last && steadyNow() - last.at < minuteMs) {
      last.held += 1
      return undefined
    }
    if (!last && kinds.size >= mostKinds) return undefined
    kinds.set(kind, { at: steadyNow(), held: 0 })
    return last?.held ?? 0
  }
}
