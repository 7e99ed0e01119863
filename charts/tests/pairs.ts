import { others, type Place } from './places.ts'

export type Pair = { readonly from: Place; readonly to: Place; readonly port: number }

const isOther = (place: Place): boolean => others.includes(place)

/** Every pair of which at least one belongs to the release, with every port. What others do among themselves is not ours. */
export const pairsOf = (places: readonly Place[], ports: readonly number[]): readonly Pair[] =>
  places.flatMap(from =>
    places
      .filter(to => to !== from && !(isOther(from) && isOther(to)))
      .flatMap(to => ports.map(port => ({ from, to, port }))),
  )

/** Those that are open, as `from > to:port`. */
export const edgesIn = (pairs: readonly Pair[], isOpen: (pair: Pair) => boolean): readonly string[] =>
  pairs.filter(isOpen).map(({ from, to, port }) => `${from.name} > ${to.name}:${port}`)
