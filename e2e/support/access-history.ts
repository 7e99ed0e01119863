/**
 * One call as its caller saw it: it took effect, if it did, at some moment between `from` and `to`. Nobody was told of
 * one whose `to` is infinite.
 */
export type Event = {
  readonly kind: 'ask' | 'approve' | 'ticket' | 'show' | 'revoke' | 'set'
  /** Whose access to what: the user and the credential. */
  readonly of: string
  readonly from: number
  readonly to: number
  readonly done: boolean
  readonly request?: string
  readonly ticket?: string
  readonly credential?: string
  /** The secret that was set, or shown. */
  readonly value?: string
}

/**
 * What no order of the calls could explain: a ticket or a secret that was given when every approval had been revoked and
 * acknowledged before it was asked for, a ticket that was good twice, a secret that had been replaced.
 */
export const anomaliesOf = (
  history: readonly Event[],
  initialValue: (credential: string) => string,
): string[] => [
  ...givenWithoutApproval(history),
  ...shownTwice(history),
  ...shownStale(history, initialValue),
]

const givenWithoutApproval = (history: readonly Event[]): string[] => {
  const effective = history.filter(({ done }) => done)
  const approvals = Map.groupBy(
    effective.filter(({ kind }) => kind === 'approve'),
    ({ of }) => of,
  )
  const revocations = effective.filter(({ kind }) => kind === 'revoke')
  const revokedAt = new Map(revocations.map(({ request, to }) => [request, to]))
  return history.filter(isGiven).flatMap(given => {
    const holds = approvals
      .get(given.of)
      ?.some(({ from, request }) => from < given.to && !((revokedAt.get(request) ?? Infinity) < given.from))
    return holds ? [] : [`${given.kind} for ${given.of} at ${given.from.toFixed(1)} with no approval left`]
  })
}

const isGiven = ({ kind, done }: Event): boolean => (kind === 'ticket' || kind === 'show') && done

const shownTwice = (history: readonly Event[]): string[] => {
  const shown = history.filter(({ kind, done }) => kind === 'show' && done)
  return [...Map.groupBy(shown, ({ ticket }) => ticket)].flatMap(([ticket, times]) =>
    times.length > 1 ? [`ticket ${ticket} was good ${times.length} times`] : [],
  )
}

const shownStale = (history: readonly Event[], initialValue: (credential: string) => string): string[] => {
  const writes = history.filter(({ kind, done }) => kind === 'set' && done)
  return history.flatMap(({ kind, done, value = '', credential = '', from, to }) => {
    if (kind !== 'show' || !done) return []
    if (!value.startsWith(initialValue(credential)))
      return [`${credential} showed the value of another credential`]
    const own = writes.filter(write => write.credential === credential)
    const written = own.find(write => write.value === value)
    if (written && written.from > to) return [`${value} was shown before it was written`]
    const since = written?.to ?? Number.NEGATIVE_INFINITY
    const replaced = own.some(write => write.from > since && write.to < from && write.value !== value)
    return replaced ? [`${value} was shown although it had been replaced`] : []
  })
}
