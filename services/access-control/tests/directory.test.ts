import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  auditEvents,
  by,
  codeOf,
  definition,
  type Options,
  type Person,
  type Platform,
  startPlatform,
} from './fixtures.ts'
import { begin, firstAdministrator, firstLogin, login, newPerson, roleId } from './logins.ts'

let platform: Platform
let admin: Person
let options: Options

beforeAll(async () => {
  platform = await startPlatform()
  admin = await firstAdministrator(platform)
})

beforeEach(async () => {
  platform.clock.advance(30_000)
  admin = await login(platform, admin)
  options = await by(platform, admin)
})

afterAll(() => platform[Symbol.asyncDispose]())

const users = () => platform.as('gateway').users
const roles = () => platform.as('gateway').roles

const newUser = (userName: string, roleIds: string[] = []) => ({
  userName,
  displayName: '',
  email: '',
  roleIds,
})

describe('a role', () => {
  it('gives a user what it permits, at the next call', async () => {
    const ann = await newPerson(platform, admin, 'ann')
    expect(await codeOf(users().listUsers({ page: undefined, search: '' }, await by(platform, ann)))).toBe(
      'caller.not_allowed',
    )
    const auditor = await roleId(platform, admin, 'auditor')
    const { user } = await users().getUser({ id: ann.id }, options)
    await users().updateUser({ id: ann.id, version: user?.version ?? 0, roles: { ids: [auditor] } }, options)
    expect(await codeOf(users().listUsers({ page: undefined, search: '' }, await by(platform, ann)))).toBe(
      'done',
    )
    expect((await auditEvents(platform, 'user.role_assigned')).at(-1)?.target?.name).toBe('ann')
    expect((await auditEvents(platform, 'call.refused')).at(0)?.details['permission']).toBe('user.read')
  })

  it('is not given by somebody who lacks what it permits', async () => {
    const { role } = await roles().createRole(
      { name: 'helpdesk', description: '', permissions: ['user.read', 'user.manage', 'role.manage'] },
      options,
    )
    const help = await newPerson(platform, admin, 'help', [role?.id ?? ''])
    const mine = await by(platform, help)
    const administrator = await roleId(platform, admin, 'administrator')
    expect(await codeOf(users().createUser(newUser('evil', [administrator]), mine))).toBe('role.escalation')
    const { user: self } = await users().getUser({ id: '' }, mine)
    const grab = { id: help.id, version: self?.version ?? 0, roles: { ids: [administrator] } }
    expect(await codeOf(users().updateUser(grab, mine))).toBe('role.escalation')
    expect(
      await codeOf(roles().createRole({ name: 'x', description: '', permissions: ['device.manage'] }, mine)),
    ).toBe('role.escalation')
    const wider = { id: role?.id ?? '', version: 1, permissions: { ids: ['device.manage'] } }
    expect(await codeOf(roles().updateRole(wider, mine))).toBe('role.escalation')
    // Whoever can reset an administrator's factors could become that administrator.
    expect(await codeOf(users().resetPassword({ id: admin.id }, mine))).toBe('role.escalation')
    expect(await codeOf(users().resetTotp({ id: admin.id }, mine))).toBe('role.escalation')
    expect(await codeOf(users().createUser(newUser('fine', [role?.id ?? '']), mine))).toBe('done')
  })

  it('of the operator cannot be given by a tenant’s administrator, nor made in another tenant', async () => {
    const operator = await roleId(platform, admin, 'operator')
    const administrator = await roleId(platform, admin, 'administrator')
    const second = await newPerson(platform, admin, 'second', [administrator])
    const mine = await by(platform, second)
    expect(await codeOf(users().createUser(newUser('op', [operator]), mine))).toBe('role.escalation')
    expect(await codeOf(platform.as('gateway').tenants.listTenants({ page: undefined }, mine))).toBe(
      'caller.not_allowed',
    )
  })

  it('that is built in, in use, or named already stays as it is', async () => {
    const user = await roleId(platform, admin, 'user')
    expect(await codeOf(roles().deleteRole({ id: user, version: 1 }, options))).toBe('role.built_in')
    const { role } = await roles().createRole({ name: 'used', description: '', permissions: [] }, options)
    const again = roles().createRole({ name: 'used', description: '', permissions: [] }, options)
    expect(await codeOf(again)).toBe('role.name_taken')
    await users().createUser(newUser('uses-it', [role?.id ?? '']), options)
    expect(await codeOf(roles().deleteRole({ id: role?.id ?? '', version: 1 }, options))).toBe('role.in_use')
  })
})

describe('the last administrator', () => {
  it('cannot be disabled, deleted or lose the role, by himself or another', async () => {
    const { user } = await users().getUser({ id: admin.id }, options)
    const version = user?.version ?? 0
    // "second" of the tests above is an administrator too: let him go first.
    const { users: all } = await users().listUsers({ page: undefined, search: 'second' }, options)
    for (const one of all) await users().deleteUser({ id: one.id, version: one.version }, options)
    const id = admin.id
    expect(await codeOf(users().updateUser({ id, version, disabled: true }, options))).toBe(
      'user.last_administrator',
    )
    expect(await codeOf(users().updateUser({ id, version, roles: { ids: [] } }, options))).toBe(
      'user.last_administrator',
    )
    expect(await codeOf(users().deleteUser({ id, version }, options))).toBe('user.last_administrator')
    expect(await codeOf(users().getUser({ id: '' }, options))).toBe('done')
  })
})

describe('a user', () => {
  it('has one name in every spelling', async () => {
    await users().createUser(newUser('zoe'), options)
    expect(await codeOf(users().createUser(newUser('ZOE'), options))).toBe('user.name_taken')
    expect(await codeOf(users().createUser(newUser('ｚｏｅ'), options))).toBe('user.name_taken')
    expect(await codeOf(users().createUser(newUser(' zoe'), options))).toBe('request.invalid')
  })

  it('is made once for an idempotency key, and the password is not told twice', async () => {
    const keyed = { ...options, idempotencyKey: 'key-1' }
    await users().createUser(newUser('once'), keyed)
    expect(await codeOf(users().createUser(newUser('once'), keyed))).toBe('idempotency.answer_not_kept')
    expect(await codeOf(users().createUser(newUser('other'), keyed))).toBe('idempotency.conflict')
  })

  it('is not changed by who read an older version', async () => {
    const { user } = await users().createUser(newUser('versioned'), options)
    const change = { id: user?.id ?? '', version: 1, displayName: 'V' }
    expect(await codeOf(users().updateUser(change, options))).toBe('done')
    expect(await codeOf(users().updateUser(change, options))).toBe('version.conflict')
  })

  it('is found by a part of the name, and listed page by page', async () => {
    for (let n = 0; n < 5; n++) await users().createUser(newUser(`page-${n}`), options)
    const names: string[] = []
    let cursor = ''
    do {
      const answer = await users().listUsers({ page: { size: 2, cursor }, search: 'page-' }, options)
      names.push(...answer.users.map(user => user.userName))
      cursor = answer.page?.nextCursor ?? ''
    } while (cursor !== '')
    expect(names.toSorted()).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
    expect((await users().listUsers({ page: undefined, search: 'page_' }, options)).users).toEqual([])
  })

  it('registers SSH keys that can stand for the password, beside the second factor', async () => {
    const kim = await newPerson(platform, admin, 'kim')
    const mine = await by(platform, kim)
    const line = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFWbTnZzYKs5XWbWZnFvLmUOnWRXVgsjuqgYKmR10ZSv kim@laptop'
    const { sshKey } = await users().addSshKey({ name: 'laptop', publicKey: line }, mine)
    expect(sshKey?.publicKey).toBe(line.replace(' kim@laptop', ''))
    expect(await codeOf(users().addSshKey({ name: 'again', publicKey: line }, mine))).toBe(
      'ssh_key.duplicate',
    )
    expect(await codeOf(users().addSshKey({ name: 'bad', publicKey: 'ssh-rsa AAAA' }, mine))).toBe(
      'request.invalid',
    )
    const publicKey = Buffer.from(line.split(' ')[1] ?? '', 'base64')
    const proxy = platform.as('session-proxy').authentication
    const attempt = { tenant: 'default', userName: 'kim', publicKey, sourceAddress: '192.0.2.1' }
    expect((await proxy.beginPublicKeyLogin(attempt)).step?.step?.$case).toBe('totp')
    expect(await codeOf(proxy.beginPublicKeyLogin({ ...attempt, userName: 'admin' }))).toBe('login.failed')
    expect(await codeOf(proxy.beginPublicKeyLogin({ ...attempt, tenant: 'nowhere' }))).toBe('login.failed')
    const gateway = platform.as('gateway').authentication
    expect(await codeOf(gateway.beginPublicKeyLogin(attempt))).toBe('service.not_allowed')
    await users().resetTotp({ id: kim.id }, options)
    expect(await codeOf(proxy.beginPublicKeyLogin(attempt))).toBe('login.failed')
  })

  it('leaves groups when deleted', async () => {
    const { user } = await users().createUser(newUser('leaver'), options)
    const id = user?.id ?? ''
    const { userGroups, accessGroups } = platform.as('gateway')
    const stayer = (await users().createUser(newUser('stayer'), options)).user?.id ?? ''
    const group = await userGroups.createUserGroup({ name: 'team', description: '', userIds: [id] }, options)
    const access = await accessGroups.createAccessGroup(
      { definition: definition({ name: 'for leavers', userIds: [id, stayer] }) },
      options,
    )
    await users().deleteUser({ id, version: 1 }, options)
    expect(
      (await userGroups.getUserGroup({ id: group.userGroup?.id ?? '' }, options)).userGroup?.userIds,
    ).toEqual([])
    const left = await accessGroups.getAccessGroup({ id: access.accessGroup?.id ?? '' }, options)
    expect(left.accessGroup?.definition?.userIds).toEqual([stayer])
    expect(await codeOf(users().getUser({ id }, options))).toBe('user.not_found')
  })
})

describe('an access group', () => {
  const create = (changes: Parameters<typeof definition>[0]) =>
    platform.as('gateway').accessGroups.createAccessGroup({ definition: definition(changes) }, options)

  it.each([
    ['an unknown user', { userIds: ['0197a1b2-0000-7000-8000-000000000001'] }, 'user.not_found'],
    [
      'approval by nobody',
      { session: { allowed: true, justification: false, approvals: 1, maxWindowSeconds: 0 } },
      'request.invalid',
    ],
    [
      'an endless window',
      { session: { allowed: true, justification: false, approvals: 0, maxWindowSeconds: 2 ** 31 - 1 } },
      'request.invalid',
    ],
    ['no name', { name: ' ' }, 'request.invalid'],
  ])('with %s is refused', async (_title, changes, reason) => {
    expect(await codeOf(create(changes))).toBe(reason)
  })

  it('may hold the default window only as the default', async () => {
    const { accessGroup } = await create({ name: 'default window' })
    expect(accessGroup?.definition?.session?.maxWindowSeconds).toBe(8 * 3600)
    expect(accessGroup?.definition?.view?.allowed).toBe(false)
    expect(accessGroup?.warnings[0]).toContain('every credential')
  })
})

describe('tenants', () => {
  const newTenant = async (name: string): Promise<Person> => {
    const answer = await platform
      .as('gateway')
      .tenants.createTenant({ name, description: '', administratorUserName: 'admin' }, options)
    return firstLogin(platform, { tenant: name, userName: 'admin' }, answer.initialPassword.toString())
  }

  it('do not see each other', async () => {
    const other = await newTenant('acme')
    const theirs = await by(platform, other)
    const { users: all } = await users().listUsers({ page: undefined, search: '' }, theirs)
    expect(all.map(user => user.userName)).toEqual(['admin'])
    expect(await codeOf(users().getUser({ id: admin.id }, theirs))).toBe('user.not_found')
    expect(await codeOf(users().resetPassword({ id: admin.id }, theirs))).toBe('user.not_found')
    const foreign = await roleId(platform, admin, 'administrator')
    expect(await codeOf(roles().getRole({ id: foreign }, theirs))).toBe('role.not_found')
    expect(await codeOf(users().createUser(newUser('x', [foreign]), theirs))).toBe('role.not_found')
    expect(
      await codeOf(
        platform
          .as('gateway')
          .accessGroups.createAccessGroup({ definition: definition({ userIds: [admin.id] }) }, theirs),
      ),
    ).toBe('user.not_found')
    expect(await codeOf(platform.as('gateway').tenants.listTenants({ page: undefined }, theirs))).toBe(
      'caller.not_allowed',
    )
  })

  it('that are disabled end their users’ logins, and let nobody in', async () => {
    const other = await newTenant('globex')
    const { tenants } = platform.as('gateway')
    const id = other.tenantId
    await tenants.updateTenant({ id, version: 1, disabled: true }, options)
    expect(await codeOf(by(platform, other))).toBe('caller.unauthenticated')
    platform.clock.advance(30_000)
    expect(await codeOf(begin(platform, other, other.password))).toBe('login.failed')
    await tenants.updateTenant({ id, version: 2, disabled: false }, options)
    expect(await codeOf(begin(platform, other, other.password))).toBe('done')
    const { tenants: all } = await tenants.listTenants({ page: undefined }, options)
    const operator = all.find(tenant => tenant.operator)
    const cut = { id: operator?.id ?? '', version: operator?.version ?? 0, disabled: true }
    expect(await codeOf(tenants.updateTenant(cut, options))).toBe('tenant.is_operator')
  })

  it('have one name each', async () => {
    await newTenant('initech')
    const { tenants } = platform.as('gateway')
    const again = { name: 'initech', description: '', administratorUserName: '' }
    expect(await codeOf(tenants.createTenant(again, options))).toBe('tenant.name_taken')
    expect(await codeOf(tenants.createTenant({ ...again, name: 'In Itech' }, options))).toBe(
      'request.invalid',
    )
  })
})

describe('the database', () => {
  it('shows the application no row of any tenant unless a tenant is set', async () => {
    const { adminPool, appPool } = platform.database
    const { rows: tables } = await adminPool.query<{ table_name: string; secured: boolean }>(
      `select c.table_name, p.relrowsecurity and p.relforcerowsecurity as secured
       from information_schema.columns c
       join pg_class p on p.oid = format('access_control.%I', c.table_name)::regclass
       where c.table_schema = 'access_control' and c.column_name = 'tenant_id'
         and c.table_name not in ('outbox', 'dead_letters')`,
    )
    expect(tables.length).toBeGreaterThan(12)
    for (const { table_name: table, secured } of tables) {
      expect(`${table} ${secured}`).toBe(`${table} true`)
      const { rows } = await appPool.query(`select count(*)::int as n from access_control.${table}`)
      expect(`${table} ${rows[0].n}`).toBe(`${table} 0`)
    }
  })

  it('refuses a row of another tenant', async () => {
    const client = await platform.database.appPool.connect()
    try {
      await client.query('begin')
      await client.query("select set_config('app.tenant_id', $1, true)", [admin.tenantId])
      const insert = client.query(
        `insert into access_control.user_groups (id, tenant_id, name, description, user_ids, version, created_at)
         select gen_random_uuid(), id, 'stray', '', '{}', 1, now() from access_control.tenants where not operator limit 1`,
      )
      await expect(insert).rejects.toThrow('row-level security')
    } finally {
      await client.query('rollback')
      client.release()
    }
  })

  it('lets the worker see what is due, and neither names nor secrets', async () => {
    const { workerPool } = platform.database
    await expect(workerPool.query('select user_name from access_control.users')).rejects.toThrow(
      'permission denied',
    )
    await expect(workerPool.query('select token_hash from access_control.login_sessions')).rejects.toThrow(
      'permission denied',
    )
    await expect(workerPool.query('update access_control.grants set ended_at = now()')).rejects.toThrow(
      'permission denied',
    )
  })

  it('keeps no password, token or second factor in clear', async () => {
    const { rows } = await platform.database.adminPool.query(
      'select row_to_json(u)::text as line from access_control.users u union all select row_to_json(s)::text from access_control.login_sessions s',
    )
    const text = rows.map(row => row.line).join('\n')
    for (const secret of [admin.password, admin.token, admin.totpSecret.toString('hex')])
      expect(text).not.toContain(secret)
  })
})

describe('without an audit record', () => {
  it('nothing changes', async () => {
    const { adminPool } = platform.database
    await adminPool.query('revoke insert on access_control.outbox from sallyport_access_control')
    try {
      expect(await codeOf(users().createUser(newUser('unrecorded'), options))).toBe('internal')
    } finally {
      await adminPool.query('grant insert on access_control.outbox to sallyport_access_control')
    }
    expect((await users().listUsers({ page: undefined, search: 'unrecorded' }, options)).users).toEqual([])
  })
})

describe('the signing keys', () => {
  it('are replaced without a break', async () => {
    const { authentication } = platform.as('gateway')
    const before = await by(platform, admin)
    const rotated = await authentication.rotateSigningKeys({}, options)
    expect(await codeOf(users().getUser({ id: '' }, before))).toBe('done')
    platform.clock.advance(3_000)
    const after = await by(platform, admin)
    expect(await codeOf(users().getUser({ id: '' }, after))).toBe('done')
    const sets = await platform.as('vault').authentication.getVerificationKeys({})
    const ids = (json: string): string[] => JSON.parse(json).keys.map((key: { kid: string }) => key.kid)
    expect(ids(sets.callerTokenKeys)).toHaveLength(2)
    expect(ids(sets.grantKeys)).toContain(rotated.grantKeyId)
    expect(sets.grantKeys).not.toContain('"d"')
    platform.clock.advance(300_000)
    expect(
      ids((await platform.as('vault').authentication.getVerificationKeys({})).callerTokenKeys),
    ).toHaveLength(1)
  })
})
