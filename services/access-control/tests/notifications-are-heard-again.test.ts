import { createLogger } from '@sallyport/telemetry/logger'
import { layCable } from '@sallyport/testing/cable'
import { eventually } from '@sallyport/testing/eventually'
import { testDatabase } from '@sallyport/testing/postgres'
import { expect, it } from 'vitest'
import { channels, openNotifications } from '../src/grants/notify.ts'

it('notifications are heard again when the way to PostgreSQL was cut, and when it went silent', async () => {
  await using db = await testDatabase('access_control')
  const url = new URL(db.url('worker'))
  await using cable = await layCable(Number(url.port))
  url.port = `${cable.port}`
  await using notifications = await openNotifications(url.href, createLogger('access-control', 'silent'))
  const heard: string[] = []
  notifications.listen(channels.requests, payload => void heard.push(payload))
  const isHeard = (payload: string): Promise<true> =>
    eventually(async () => {
      await db.adminPool.query('select pg_notify($1, $2)', [channels.requests, payload])
      return heard.includes(payload)
    }, 40_000)
  await isHeard('first')
  cable.cut()
  await isHeard('second')
  cable.silence()
  await isHeard('third')
  expect(heard).toEqual(expect.arrayContaining(['first', 'second', 'third']))
})
