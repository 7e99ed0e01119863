import { SallyportError } from '@sallyport/errors/error'
import type { RouteRow } from '../http/route-row.ts'

/** Requests of one room that are at work at once: enough for the service behind. More would queue there, in nobody's order. */
export const atWorkInRoom = 32
/** Those, and the ones that wait here for their turn. */
export const placesInRoom = 128
/** Whoever has not had a turn by then is better told. */
const patienceInRoomMs = 3_000

/** Gives the place back. Doing so twice changes nothing. */
export type Leave = () => void

export type Places = {
  readonly isFull: (row: RouteRow) => boolean
  /** Waits for a turn. Rejects with SallyportError `service.busy` if the room is full, or it takes too long. */
  readonly enter: (row: RouteRow) => Promise<Leave>
  /** For a request that had a place, and gave it back while its body was on the way: the next turn is its own. */
  readonly enterAgain: (row: RouteRow) => Promise<Leave>
}

type Room = { atWork: number; readonly waiting: (() => void)[] }

/**
 * Bulkheads: requests are under way in rooms of their own, one for each service. One that is slow keeps nobody from the
 * others, and a flood is turned away at the door, where that costs least. Signing in, and what takes access away, have
 * rooms that no flood of other requests fills.
 */
export const createPlaces = ({
  atWork = atWorkInRoom,
  inAll = placesInRoom,
  patienceMs = patienceInRoomMs,
} = {}): Places => {
  const rooms = new Map<string, Room>()
  const roomFor = (row: RouteRow): Room => {
    const name = roomOf(row)
    const room = rooms.get(name) ?? { atWork: 0, waiting: [] }
    rooms.set(name, room)
    return room
  }
  const isFull = (row: RouteRow): boolean => {
    const room = roomFor(row)
    return room.atWork + room.waiting.length >= inAll
  }
  const take = async (room: Room, isFirst: boolean): Promise<Leave> => {
    // Whoever leaves hands the place on, so that it is never free while somebody waits.
    if (room.atWork < atWork) room.atWork += 1
    else await turnIn(room, isFirst, patienceMs)
    let inside = true
    return () => {
      if (inside) leave(room)
      inside = false
    }
  }
  return {
    isFull,
    enter: async row => {
      if (isFull(row)) throw busy()
      return take(roomFor(row), false)
    },
    enterAgain: row => take(roomFor(row), true),
  }
}

const leave = (room: Room): void => {
  const next = room.waiting.shift()
  if (next) next()
  else room.atWork -= 1
}

const turnIn = ({ waiting }: Room, isFirst: boolean, patienceMs: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const go = (): void => {
      clearTimeout(patience)
      resolve()
    }
    const patience = setTimeout(() => {
      waiting.splice(waiting.indexOf(go), 1)
      reject(busy())
    }, patienceMs)
    if (isFirst) waiting.unshift(go)
    else waiting.push(go)
  })

const busy = (): SallyportError =>
  new SallyportError('service.busy', undefined, { metadata: { retryAfterSeconds: '1' } })

const roomOf = ({ urgent, rate, to }: RouteRow): string => {
  if (urgent) return 'urgent'
  return rate === 'login' ? 'login' : (to[0] ?? 'nobody')
}
