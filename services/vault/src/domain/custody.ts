import { SallyportError } from '@sallyport/errors/error'

export type CustodyEnd = 'checked-in' | 'forced' | 'expired' | 'revoked'

/** A custody that nobody has ended. Past `until` it is over, even before the sweeper says so. */
export type LiveCustody = { id: string; holderUserId: string; holderUserName: string; until: Date }

/**
 * What taking custody has to do: keep the one that the person has, end one that is over and take it, or just take it.
 * Throws `custody.held`, naming the holder and until when.
 */
export const planCheckOut = (
  live: LiveCustody | undefined,
  userId: string,
  now: Date,
): 'take' | 'keep' | 'expire-and-take' => {
  if (live === undefined) return 'take'
  if (live.until <= now) return 'expire-and-take'
  if (live.holderUserId === userId) return 'keep'
  throw held(live)
}

/** Throws `custody.held` if somebody else than the user has custody. */
export const checkNotHeld = (live: LiveCustody | undefined, userId: string, now: Date): void => {
  if (live !== undefined && live.until > now && live.holderUserId !== userId) throw held(live)
}

const held = ({ holderUserName, until }: LiveCustody): SallyportError =>
  new SallyportError('custody.held', `${holderUserName} holds this credential until ${until.toISOString()}`, {
    metadata: { holder: holderUserName, until: until.toISOString() },
  })
