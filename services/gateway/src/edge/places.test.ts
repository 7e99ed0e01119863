import { describe, expect, it } from 'vitest'
import type { RouteRow } from '../http/route-row.ts'
import { createPlaces } from './places.ts'

const devices: RouteRow = { url: 'GET /v1/devices', to: ['vault'], needs: 'sign-in', rate: 'read' }
const users: RouteRow = { url: 'GET /v1/users', to: ['access-control'], needs: 'sign-in', rate: 'read' }
const logIn: RouteRow = { url: 'POST /v1/login', to: [], needs: 'nothing', rate: 'login' }
const revoke: RouteRow = { ...users, url: 'POST /v1/requests/:id/revoke', urgent: true }

const busy = expect.objectContaining({ reason: 'service.busy' })

describe('places', () => {
  it('turns away what does not fit, until somebody leaves', async () => {
    const places = createPlaces({ atWork: 2, inAll: 2 })
    const leave = await places.enter(devices)
    await places.enter(devices)
    expect(places.isFull(devices)).toBe(true)
    await expect(places.enter(devices)).rejects.toEqual(busy)
    leave()
    leave()
    await places.enter(devices)
    await expect(places.enter(devices)).rejects.toEqual(busy)
  })

  it('lets others wait for their turn, and whoever was in before go first', async () => {
    const places = createPlaces({ atWork: 1, inAll: 3 })
    const leave = await places.enter(devices)
    const order: string[] = []
    const takeTurn = async (turn: ReturnType<typeof places.enter>, name: string): Promise<void> => {
      const done = await turn
      order.push(name)
      done()
    }
    const turns = [takeTurn(places.enter(devices), 'new'), takeTurn(places.enterAgain(devices), 'again')]
    leave()
    await Promise.all(turns)
    expect(order).toEqual(['again', 'new'])
  })

  it('tells whoever waits too long', async () => {
    const places = createPlaces({ atWork: 1, inAll: 2, patienceMs: 10 })
    await places.enter(devices)
    await expect(places.enter(devices)).rejects.toEqual(busy)
    expect(places.isFull(devices)).toBe(false)
  })

  it('keeps services, signing in and revoking apart', async () => {
    const places = createPlaces({ atWork: 1, inAll: 1 })
    for (const row of [devices, users, logIn, revoke]) await places.enter(row)
    for (const row of [devices, users, logIn, revoke]) expect(places.isFull(row)).toBe(true)
  })
})
