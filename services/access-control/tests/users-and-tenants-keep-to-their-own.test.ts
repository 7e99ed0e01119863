import { describe, expect, it } from 'vitest'
import { by, codeOf, definition, type Person } from './fixtures.ts'
import { begin, firstLogin, newPerson, roleId } from './logins.ts'
import { directoryStage, newUser } from './stage.ts'

const stage = directoryStage()
const { roles, users } = stage

describe('a user', () => {
  it('has one name in every spelling', async () => {
    await users().createUser(newUser('zoe'), stage.options)
    expect(await codeOf(users().createUser(newUser('ZOE'), stage.options))).toBe('user.name_taken')
    expect(await codeOf(users().createUser(newUser('ｚｏｅ'), stage.options))).toBe('user.name_taken')
    expect(await codeOf(users().createUser(newUser(' zoe'), stage.options))).toBe('request.invalid')
  })

  it('is made once for an idempotency key, and the password is not told twice', async () => {
    const keyed = { ...stage.options, idempotencyKey: 'key-1' }
    await users().createUser(newUser('once'), keyed)
    expect(await codeOf(users().createUser(newUser('once'), keyed))).toBe('idempotency.answer_not_kept')
    expect(await codeOf(users().createUser(newUser('other'), keyed))).toBe('idempotency.conflict')
  })

  it('is not changed by who read an older version', async () => {
    const { user } = await users().createUser(newUser('versioned'), stage.options)
    const change = { id: user?.id ?? '', version: 1, displayName: 'V' }
    expect(await codeOf(users().updateUser(change, stage.options))).toBe('done')
    expect(await codeOf(users().updateUser(change, stage.options))).toBe('version.conflict')
  })

  it('is found by a part of the name, and listed page by page', async () => {
    for (let n = 0; n < 5; n++) await users().createUser(newUser(`page-${n}`), stage.options)
    const names: string[] = []
    let cursor = ''
    do {
      const answer = await users().listUsers({ page: { size: 2, cursor }, search: 'page-' }, stage.options)
      names.push(...answer.users.map(user => user.userName))
      cursor = answer.page?.nextCursor ?? ''
    } while (cursor !== '')
    expect(names.toSorted()).toEqual(['page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
    expect((await users().listUsers({ page: undefined, search: 'page_' }, stage.options)).users).toEqual([])
  })

  it('registers SSH keys that can stand for the password, beside the second factor', async () => {
    const kim = await newPerson(stage.platform, stage.admin, 'kim')
    const mine = await by(stage.platform, kim)
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
    const proxy = stage.platform.as('session-proxy').authentication
    const attempt = { tenant: 'default', userName: 'kim', publicKey, sourceAddress: '192.0.2.1' }
    expect((await proxy.beginPublicKeyLogin(attempt)).step?.step?.$case).toBe('totp')
    expect(await codeOf(proxy.beginPublicKeyLogin({ ...attempt, userName: 'admin' }))).toBe('login.failed')
    expect(await codeOf(proxy.beginPublicKeyLogin({ ...attempt, tenant: 'nowhere' }))).toBe('login.failed')
    const gateway = stage.platform.as('gateway').authentication
    expect(await codeOf(gateway.beginPublicKeyLogin(attempt))).toBe('service.not_allowed')
    await users().resetTotp({ id: kim.id }, stage.options)
    expect(await codeOf(proxy.beginPublicKeyLogin(attempt))).toBe('login.failed')
  })

  it('leaves groups when deleted', async () => {
    const { user } = await users().createUser(newUser('leaver'), stage.options)
    const id = user?.id ?? ''
    const { userGroups, accessGroups } = stage.platform.as('gateway')
    const stayer = (await users().createUser(newUser('stayer'), stage.options)).user?.id ?? ''
    const group = await userGroups.createUserGroup(
      { name: 'team', description: '', userIds: [id] },
      stage.options,
    )
    const access = await accessGroups.createAccessGroup(
      { definition: definition({ name: 'for leavers', userIds: [id, stayer] }) },
      stage.options,
    )
    await users().deleteUser({ id, version: 1 }, stage.options)
    expect(
      (await userGroups.getUserGroup({ id: group.userGroup?.id ?? '' }, stage.options)).userGroup?.userIds,
    ).toEqual([])
    const left = await accessGroups.getAccessGroup({ id: access.accessGroup?.id ?? '' }, stage.options)
    expect(left.accessGroup?.definition?.userIds).toEqual([stayer])
    expect(await codeOf(users().getUser({ id }, stage.options))).toBe('user.not_found')
  })
})

describe('tenants', () => {
  const newTenant = async (name: string): Promise<Person> => {
    const answer = await stage.platform
      .as('gateway')
      .tenants.createTenant({ name, description: '', administratorUserName: 'admin' }, stage.options)
    return firstLogin(stage.platform, { tenant: name, userName: 'admin' }, answer.initialPassword.toString())
  }

  it('do not see each other', async () => {
    const other = await newTenant('acme')
    const theirs = await by(stage.platform, other)
    const { users: all } = await users().listUsers({ page: undefined, search: '' }, theirs)
    expect(all.map(user => user.userName)).toEqual(['admin'])
    expect(await codeOf(users().getUser({ id: stage.admin.id }, theirs))).toBe('user.not_found')
    expect(await codeOf(users().resetPassword({ id: stage.admin.id }, theirs))).toBe('user.not_found')
    const foreign = await roleId(stage.platform, stage.admin, 'administrator')
    expect(await codeOf(roles().getRole({ id: foreign }, theirs))).toBe('role.not_found')
    expect(await codeOf(users().createUser(newUser('x', [foreign]), theirs))).toBe('role.not_found')
    expect(
      await codeOf(
        stage.platform
          .as('gateway')
          .accessGroups.createAccessGroup({ definition: definition({ userIds: [stage.admin.id] }) }, theirs),
      ),
    ).toBe('user.not_found')
    expect(await codeOf(stage.platform.as('gateway').tenants.listTenants({ page: undefined }, theirs))).toBe(
      'caller.not_allowed',
    )
  })

  it('that are disabled end their users’ logins, and let nobody in', async () => {
    const other = await newTenant('globex')
    const { tenants } = stage.platform.as('gateway')
    const id = other.tenantId
    await tenants.updateTenant({ id, version: 1, disabled: true }, stage.options)
    expect(await codeOf(by(stage.platform, other))).toBe('caller.unauthenticated')
    stage.platform.clock.advance(30_000)
    expect(await codeOf(begin(stage.platform, other, other.password))).toBe('login.failed')
    await tenants.updateTenant({ id, version: 2, disabled: false }, stage.options)
    expect(await codeOf(begin(stage.platform, other, other.password))).toBe('done')
    const { tenants: all } = await tenants.listTenants({ page: undefined }, stage.options)
    const operator = all.find(tenant => tenant.operator)
    const cut = { id: operator?.id ?? '', version: operator?.version ?? 0, disabled: true }
    expect(await codeOf(tenants.updateTenant(cut, stage.options))).toBe('tenant.is_operator')
  })

  it('have one name each', async () => {
    await newTenant('initech')
    const { tenants } = stage.platform.as('gateway')
    const again = { name: 'initech', description: '', administratorUserName: '' }
    expect(await codeOf(tenants.createTenant(again, stage.options))).toBe('tenant.name_taken')
    expect(await codeOf(tenants.createTenant({ ...again, name: 'In Itech' }, stage.options))).toBe(
      'request.invalid',
    )
  })
})

describe('the database', () => {
  it('shows the application no row of any tenant unless a tenant is set', async () => {
    const { adminPool, appPool } = stage.platform.database
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
    const client = await stage.platform.database.appPool.connect()
    try {
      await client.query('begin')
      await client.query("select set_config('app.tenant_id', $1, true)", [stage.admin.tenantId])
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
    const { workerPool } = stage.platform.database
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
    const { rows } = await stage.platform.database.adminPool.query(
      'select row_to_json(u)::text as line from access_control.users u union all select row_to_json(s)::text from access_control.login_sessions s',
    )
    const text = rows.map(row => row.line).join('\n')
    for (const secret of [stage.admin.password, stage.admin.token, stage.admin.totpSecret.toString('hex')])
      expect(text).not.toContain(secret)
  })
})

describe('the signing keys', () => {
  it('are replaced without a break', async () => {
    const { authentication } = stage.platform.as('gateway')
    const before = await by(stage.platform, stage.admin)
    const rotated = await authentication.rotateSigningKeys({}, stage.options)
    expect(await codeOf(users().getUser({ id: '' }, before))).toBe('done')
    stage.platform.clock.advance(3_000)
    const after = await by(stage.platform, stage.admin)
    expect(await codeOf(users().getUser({ id: '' }, after))).toBe('done')
    const sets = await stage.platform.as('vault').authentication.getVerificationKeys({})
    const ids = (json: string): string[] => JSON.parse(json).keys.map((key: { kid: string }) => key.kid)
    expect(ids(sets.callerTokenKeys)).toHaveLength(2)
    expect(ids(sets.grantKeys)).toContain(rotated.grantKeyId)
    expect(sets.grantKeys).not.toContain('"d"')
    stage.platform.clock.advance(300_000)
    expect(
      ids((await stage.platform.as('vault').authentication.getVerificationKeys({})).callerTokenKeys),
    ).toHaveLength(1)
  })
})
