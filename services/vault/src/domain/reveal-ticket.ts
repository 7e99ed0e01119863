/** A ticket that was found by its token. */
export type RevealTicket = {
  userId: string
  loginSessionId: string | undefined
  expiresAt: Date
  usedAt: Date | undefined
}

/** Whether this person, in this login, may redeem it now. That it works once only is the store's to enforce. */
export const isRedeemable = (
  ticket: RevealTicket,
  by: { userId: string; loginSessionId: string | undefined },
  now: Date,
): boolean =>
  ticket.usedAt === undefined &&
  now < ticket.expiresAt &&
  ticket.userId === by.userId &&
  (ticket.loginSessionId === undefined || ticket.loginSessionId === by.loginSessionId)

/** When a new ticket expires: after `seconds`, but never later than what was granted. */
export const ticketExpiry = (now: Date, seconds: number, grantEndsAt: Date): Date =>
  new Date(Math.min(now.getTime() + seconds * 1000, grantEndsAt.getTime()))
