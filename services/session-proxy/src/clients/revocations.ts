import type { GrantServiceService } from '@sallyport/contracts/access_control/v1/access'
import type { RpcClient } from '@sallyport/rpc/client'

/** A heartbeat has no revocation. */
export type RevocationMessage = {
  readonly position: bigint
  readonly revocation?: { readonly grantId: string; readonly reason: string }
}

export type CheckedGrants = {
  readonly good: ReadonlySet<string>
  /** Why the others ended, by grant id. */
  readonly endedReasons: ReadonlyMap<string, string>
}

/** What access-control tells enforcers; no person stands behind these calls. */
export type Revocations = {
  watch(afterPosition: bigint, signal: AbortSignal): AsyncIterable<RevocationMessage>
  check(tenantId: string, grantIds: readonly string[]): Promise<CheckedGrants>
}

type Client = Pick<RpcClient<typeof GrantServiceService>, 'watchRevocations' | 'checkGrants'>

export const revocationsOf = (client: Client): Revocations => ({
  watch: async function* (afterPosition, signal) {
    for await (const { position, revocation } of client.watchRevocations({ afterPosition }, { signal })) {
      yield {
        position,
        ...(revocation && { revocation: { grantId: revocation.grantId, reason: revocation.reason } }),
      }
    }
  },
  check: async (tenantId, grantIds) => {
    const answers = await Promise.all(
      piecesOf(grantIds).map(some => client.checkGrants({ tenantId, grantIds: some }, { deadlineMs: 2_000 })),
    )
    return {
      good: new Set(answers.flatMap(({ goodGrantIds }) => goodGrantIds)),
      endedReasons: new Map(answers.flatMap(({ endedReasons }) => Object.entries(endedReasons))),
    }
  },
})

/** What access-control answers at once. */
const MAX_GRANTS = 1_000

const piecesOf = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / MAX_GRANTS) }, (_, index) =>
    ids.slice(index * MAX_GRANTS, (index + 1) * MAX_GRANTS),
  )
