import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '@sallyport/testing/eventually'
import { auditEvents, by, codeOf, type Person, type Platform, startPlatform } from './fixtures.ts'
import {
  answerCode,
  answerPassword,
  begin,
  codeNow,
  firstAdministrator,
  login,
  newPerson,
  stepValue,
} from './logins.ts'

let platform: Platform
let admin: Person

beforeAll(async () => {
  platform = await startPlatform()
  admin = await firstAdministrator(platform)
})

afterAll(() => platform[Symbol.asyncDispose]())

describe('the first administrator', () => {
  it('is made once', async () => {
    expect(await platform.bootstrap()).toBeUndefined()
  })

  it('is signed in after password change and enrolment, and not before', async () => {
    const { user } = await platform.as('gateway').users.getUser({ id: '' }, await by(platform, admin))
    expect(user).toMatchObject({ userName: 'admin', totpEnrolled: true, mustChangePassword: false })
    expect((await auditEvents(platform, 'login.succeeded')).at(0)?.actor?.name).toBe('admin')
    expect(await auditEvents(platform, 'user.mfa_enrolled')).toHaveLength(1)
  })
})

describe('a login', () => {
  it('answers alike to a wrong password, an unknown user, an unknown tenant and a disabled user', async () => {
    const ann = await newPerson(platform, admin, 'ann')
    const off = await newPerson(platform, admin, 'off')
    const options = await by(platform, admin)
    const { user } = await platform.as('gateway').users.getUser({ id: off.id }, options)
    await platform
      .as('gateway')
      .users.updateUser({ id: off.id, version: user?.version ?? 0, disabled: true }, options)
    const answers = await Promise.all([
      codeOf(begin(platform, ann, 'wrong')),
      codeOf(begin(platform, { tenant: 'default', userName: 'nobody-here' }, 'wrong')),
      codeOf(begin(platform, { tenant: 'no-such-tenant', userName: 'ann' }, 'wrong')),
      codeOf(begin(platform, { tenant: 'default', userName: '\u0000 [x]' }, 'wrong')),
      codeOf(begin(platform, off, off.password)),
    ])
    expect(new Set(answers)).toEqual(new Set(['login.failed']))
    const reasons = (await auditEvents(platform, 'login.failed', 5)).map(
      event => event.details['reason'] ?? '',
    )
    expect(reasons.toSorted()).toEqual(['disabled', 'unknown', 'unknown', 'unknown', 'wrong-password'])
  })

  it('leaves the same rows behind for users that exist and that do not', async () => {
    const count = async (): Promise<number> => {
      const { rows } = await platform.database.adminPool.query(
        'select count(*)::int as n from access_control.login_failures',
      )
      return rows[0].n
    }
    const ann = await newPerson(platform, admin, 'rows')
    const before = await count()
    await codeOf(begin(platform, ann, 'wrong', '198.51.100.1'))
    const known = (await count()) - before
    await codeOf(begin(platform, { tenant: 'default', userName: 'rowless' }, 'wrong', '198.51.100.2'))
    expect((await count()) - before - known).toBe(known)
  })

  it('takes a challenge once', async () => {
    const ivy = await newPerson(platform, admin, 'ivy')
    platform.clock.advance(30_000)
    const { challenge } = stepValue((await begin(platform, ivy, ivy.password)).step, 'totp')
    expect(await codeOf(answerCode(platform, challenge, '000000'))).toBe('login.failed')
    expect(await codeOf(answerCode(platform, challenge, codeNow(platform, ivy.totpSecret)))).toBe(
      'login.failed',
    )
  })

  it('ends a challenge after five minutes', async () => {
    const bob = await newPerson(platform, admin, 'late')
    platform.clock.advance(30_000)
    const { challenge } = stepValue((await begin(platform, bob, bob.password)).step, 'totp')
    platform.clock.advance(300_000)
    expect(await codeOf(answerCode(platform, challenge, codeNow(platform, bob.totpSecret)))).toBe(
      'login.failed',
    )
  })

  it('keeps the challenge when a new password is too weak', async () => {
    const options = await by(platform, await login(platform, admin))
    const { initialPassword } = await platform
      .as('gateway')
      .users.createUser({ userName: 'weak', displayName: '', email: '', roleIds: [] }, options)
    const first = await begin(platform, { tenant: 'default', userName: 'weak' }, initialPassword.toString())
    const { challenge } = stepValue(first.step, 'passwordChange')
    expect(await codeOf(answerPassword(platform, challenge, 'short'))).toBe('password.refused')
    expect(await codeOf(answerPassword(platform, challenge, initialPassword.toString()))).toBe(
      'password.refused',
    )
    expect(await codeOf(answerPassword(platform, challenge, 'long enough now'))).toBe('done')
  })
})

describe('a login session', () => {
  it('is no good after log out', async () => {
    const person = await login(platform, admin)
    await platform.as('gateway').authentication.logOut({}, await by(platform, person))
    expect(await codeOf(by(platform, person))).toBe('caller.unauthenticated')
  })

  it('ends when it is idle, and after twelve hours', async () => {
    const idle = await login(platform, admin)
    platform.clock.advance(30 * 60_000)
    expect(await codeOf(by(platform, idle))).toBe('caller.unauthenticated')
    const used = await login(platform, admin)
    for (let minutes = 0; minutes < 12 * 60; minutes += 20) {
      await by(platform, used)
      platform.clock.advance(20 * 60_000)
    }
    expect(await codeOf(by(platform, used))).toBe('caller.unauthenticated')
  })

  it('ends when the password or the second factor is reset', async () => {
    const gateway = platform.as('gateway')
    const one = await newPerson(platform, await login(platform, admin), 'reset-one')
    const two = await newPerson(platform, await login(platform, admin), 'reset-two')
    const options = await by(platform, await login(platform, admin))
    await gateway.users.resetPassword({ id: one.id }, options)
    await gateway.users.resetTotp({ id: two.id }, options)
    expect(await codeOf(by(platform, one))).toBe('caller.unauthenticated')
    expect(await codeOf(by(platform, two))).toBe('caller.unauthenticated')
    expect(stepValue((await begin(platform, two, two.password)).step, 'totpEnrolment').uri).toContain(
      'otpauth://',
    )
    // Who holds a reset password still proves the second factor before he may choose a new one.
    expect(await codeOf(begin(platform, one, one.password))).toBe('login.failed')
  })

  it('stays when its owner changes the password, while the others end', async () => {
    const person = await newPerson(platform, await login(platform, admin), 'changer')
    const other = await login(platform, person)
    const options = await by(platform, other)
    const change = (current: string, wanted: string) =>
      platform
        .as('gateway')
        .users.changePassword(
          { currentPassword: Buffer.from(current), newPassword: Buffer.from(wanted) },
          options,
        )
    expect(await codeOf(change('wrong', 'another good one'))).toBe('password.wrong')
    expect(await codeOf(change(person.password, person.password))).toBe('password.refused')
    expect(await codeOf(change(person.password, 'another good one'))).toBe('done')
    expect(await codeOf(by(platform, person))).toBe('caller.unauthenticated')
    expect(await codeOf(by(platform, other))).toBe('done')
  })
})

describe('an API token', () => {
  it('carries no more than was asked for, and no more than its owner still has', async () => {
    const gateway = platform.as('gateway')
    const person = await login(platform, admin)
    const expiresAt = new Date(platform.clock.now().getTime() + 3_600_000)
    const { token, apiToken } = await gateway.authentication.createApiToken(
      { name: 'ci', permissions: ['device.read'], expiresAt },
      await by(platform, person),
    )
    const answer = await gateway.authentication.authenticate({
      token,
      audiences: ['vault'],
      sourceAddress: '',
    })
    expect(answer.permissions).toEqual(['device.read'])
    expect(Object.keys(answer.callerTokens)).toEqual(['vault'])
    const options = await by(platform, { token })
    expect(
      await codeOf(gateway.authentication.createApiToken({ name: 'x', permissions: [], expiresAt }, options)),
    ).toBe('login.person_needed')
    expect(await codeOf(gateway.users.listUsers({ page: undefined, search: '' }, options))).toBe(
      'caller.not_allowed',
    )
    await gateway.authentication.revokeApiToken({ id: apiToken?.id ?? '' }, await by(platform, person))
    expect(await codeOf(by(platform, { token }))).toBe('caller.unauthenticated')
  })

  it('expires', async () => {
    const gateway = platform.as('gateway')
    const options = await by(platform, await login(platform, admin))
    const in366Days = new Date(platform.clock.now().getTime() + 366 * 24 * 3_600_000)
    const make = (expiresAt: Date | undefined) =>
      gateway.authentication.createApiToken({ name: 'ci', permissions: [], expiresAt }, options)
    expect(await codeOf(make(undefined))).toBe('request.invalid')
    expect(await codeOf(make(in366Days))).toBe('request.invalid')
    const { token } = await make(new Date(platform.clock.now().getTime() + 60_000))
    platform.clock.advance(60_000)
    expect(await codeOf(by(platform, { token }))).toBe('caller.unauthenticated')
  })
})

describe('a login under way', () => {
  /** Changes a user's row while the login is between the check of a factor and what follows from it. */
  const overtake = async (person: Person, work: () => Promise<unknown>, change: string): Promise<string> => {
    const client = await platform.database.appPool.connect()
    try {
      await client.query('begin')
      await client.query("select set_config('app.tenant_id', $1, true)", [person.tenantId])
      await client.query('select pg_advisory_xact_lock(hashtextextended($1, 1))', [person.tenantId])
      const outcome = codeOf(work())
      await eventually(async () => {
        const { rowCount } = await client.query(
          `select from pg_locks join pg_database on oid = database
           where datname = current_database() and locktype = 'advisory' and not granted`,
        )
        return rowCount !== 0
      })
      await client.query(`update users set ${change} where id = $1`, [person.id])
      await client.query('commit')
      return await outcome
    } finally {
      client.release()
    }
  }

  it.each([
    ['the password was reset', "password_hash = 'reset', must_change_password = true"],
    ['the second factor was reset', 'totp_secret = null'],
    ['the user was disabled', 'disabled = true'],
  ])('does not go on from the password when %s meanwhile', async (_what, change) => {
    const person = await newPerson(platform, await login(platform, admin), `late-${change.length}`)
    const work = () => begin(platform, person, person.password)
    expect(await overtake(person, work, change)).toBe('login.failed')
  })

  it.each([
    ['the password was reset', "password_hash = 'reset', must_change_password = true"],
    ['the second factor was reset', 'totp_secret = null'],
    ['the user was disabled', 'disabled = true'],
  ])('does not go on from the code when %s meanwhile', async (_what, change) => {
    const person = await newPerson(platform, await login(platform, admin), `later-${change.length}`)
    platform.clock.advance(30_000)
    const { challenge } = stepValue((await begin(platform, person, person.password)).step, 'totp')
    const work = () => answerCode(platform, challenge, codeNow(platform, person.totpSecret))
    expect(await overtake(person, work, change)).toBe('login.failed')
  })
})
