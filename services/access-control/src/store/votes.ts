import { uuidV7 } from '@sallyport/database/uuid-v7'
import type { Call } from '@sallyport/rpc/call'
import type { Tx } from './store.ts'

/** Keeps one person's decision on a request. */
export const insertApproval = async (
  tx: Tx,
  { caller }: Call,
  vote: { requestId: string; approved: boolean; comment: string; now: Date },
): Promise<void> => {
  await tx.approval.create({
    data: {
      id: uuidV7(vote.now),
      tenantId: caller.tenantId,
      requestId: vote.requestId,
      approverId: caller.userId,
      approverName: caller.userName,
      approved: vote.approved,
      comment: vote.comment,
      decidedAt: vote.now,
    },
  })
}
