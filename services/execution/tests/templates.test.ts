import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { builtInTemplates } from '../src/domain/template/built-in.ts'
import { someone, type ServiceUnderTest, startUnderTest } from './support/service-under-test.ts'
import { own, source, userOf } from './support/user.ts'

let service: ServiceUnderTest
beforeAll(async () => {
  service = await startUnderTest()
})
afterAll(() => service?.[Symbol.asyncDispose]())

let alice = someone()
let user: ReturnType<typeof userOf>
beforeEach(() => {
  alice = someone()
  user = userOf(service, alice)
})

describe('templates', () => {
  test('are made, read, changed, and keep every version of their source', async () => {
    const made = await user.newTemplate()
    expect(made).toMatchObject({ name: 'mine', templateVersion: 1, version: 1, builtIn: false, source })
    const request = { id: made.id, version: 1, source: 'exec true\n' }
    const { template } = await service.templates.updateTemplate(request, await service.as(alice))
    expect(template).toMatchObject({ templateVersion: 2, version: 2, source: 'exec true\n' })
    const { rows } = await service.db.adminPool.query(
      'select source from execution.template_sources where template_id = $1 order by number',
      [made.id],
    )
    expect(rows).toEqual([{ source }, { source: 'exec true\n' }])
    expect(await service.audited(alice.tenantId)).toEqual(['template.created', 'template.updated'])
  })

  test('that cannot be read are refused with the place', async () => {
    const request = { name: 'x', description: '', executor: 'ssh', source: 'launch' }
    const refused = service.templates.createTemplate(request, await service.as(alice))
    await expect(refused).rejects.toMatchObject({
      reason: 'template.invalid',
      message: expect.stringContaining('line 1, column 1'),
    })
  })

  test('built into the program are listed first, and cannot be changed or deleted', async () => {
    await user.newTemplate()
    const { templates } = await service.templates.listTemplates({ page: undefined }, await service.as(alice))
    expect(templates.map(({ builtIn }) => builtIn)).toEqual([true, true, true, false])
    const refused = { reason: 'template.built_in' }
    await expect(
      service.templates.deleteTemplate({ id: own, version: 1 }, await service.as(alice)),
    ).rejects.toMatchObject(refused)
    await expect(
      service.templates.updateTemplate({ id: own, version: 1 }, await service.as(alice)),
    ).rejects.toMatchObject(refused)
  })

  test('are listed in pages', async () => {
    for (const name of ['a', 'b', 'c']) await user.newTemplate(name)
    const names: string[] = []
    for (let cursor = ''; ; ) {
      const { templates, page } = await service.templates.listTemplates(
        { page: { size: 2, cursor } },
        await service.as(alice),
      )
      names.push(...templates.map(({ name }) => name))
      cursor = page?.nextCursor ?? ''
      if (cursor === '') break
    }
    expect(names).toEqual([...builtInTemplates.map(({ name }) => name), 'a', 'b', 'c'])
  })

  test('that a policy uses, or that somebody changed meanwhile, are not deleted', async () => {
    const { id } = await user.newTemplate()
    await user.newPolicy({ templateId: id })
    await expect(
      service.templates.deleteTemplate({ id, version: 1 }, await service.as(alice)),
    ).rejects.toMatchObject({ reason: 'template.in_use' })
    await expect(
      service.templates.deleteTemplate({ id, version: 2 }, await service.as(alice)),
    ).rejects.toMatchObject({ reason: 'version.conflict' })
  })

  test('are made once for an idempotency key', async () => {
    const request = { name: 'once', description: '', executor: 'ssh', source }
    const options = await service.as(alice, { idempotencyKey: 'k-1' })
    const first = await service.templates.createTemplate(request, options)
    expect(await service.templates.createTemplate(request, options)).toEqual(first)
    await expect(
      service.templates.createTemplate({ ...request, name: 'other' }, options),
    ).rejects.toMatchObject({ reason: 'idempotency.conflict' })
  })
})
