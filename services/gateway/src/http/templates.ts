import type { Template } from '@sallyport/contracts/execution/v1/execution'
import { z } from 'zod'
import type { Upstreams } from '../clients/upstreams.ts'
import { endpoint, silentEndpoint } from '../edge/endpoint.ts'
import type { Endpoints } from './endpoint-table.ts'
import { byId, line, momentReply, name, paragraph } from './fields.ts'
import { onlyPage, pageOf, pageReply, pageRequest } from './pages.ts'
import { momentOf, present } from './wire.ts'

const source = paragraph(100_000).min(1).describe('In the syntax of its executor; it must parse')

const draft = z.strictObject({
  name: name(),
  description: line(1_000).default(''),
  executor: z.enum(['ssh']),
  source,
})

const change = z.strictObject({
  name: name().optional(),
  description: line(1_000).optional(),
  source: source.optional(),
})

const template = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    executor: z.string(),
    source: z.string(),
    templateVersion: z.int().describe('Operations keep the version they started with'),
    builtIn: z.boolean(),
    version: z.int(),
    createdAt: momentReply,
    updatedAt: momentReply,
  })
  .meta({ id: 'Template' })

/** Templates: the sources of tasks. */
export const templateEndpoints = ({
  templates,
}: Pick<Upstreams, 'templates'>): Endpoints<
  'createTemplate' | 'listTemplates' | 'getTemplate' | 'updateTemplate' | 'deleteTemplate'
> => ({
  createTemplate: endpoint({
    summary: 'Creates a template',
    input: { body: draft },
    status: 201,
    reply: template,
    handle: async ({ body }, { to }) =>
      templateOf((await templates.createTemplate(body, to('execution'))).template),
  }),
  listTemplates: endpoint({
    summary: 'Lists templates, built-in ones included',
    input: { query: onlyPage },
    reply: pageOf(template),
    handle: async ({ query }, { to }) => {
      const answer = await templates.listTemplates({ page: pageRequest(query) }, to('execution'))
      return pageReply(answer.templates, answer.page, templateOf)
    },
  }),
  getTemplate: endpoint({
    summary: 'Reads a template with its newest source',
    input: { params: byId },
    reply: template,
    handle: async ({ params }, { to }) =>
      templateOf((await templates.getTemplate(params, to('execution'))).template),
  }),
  updateTemplate: endpoint({
    summary: 'Stores a new version of a template',
    input: { params: byId, body: change },
    reply: template,
    handle: async ({ params, body }, { version, to }) => {
      const request = { ...params, ...body, version }
      return templateOf((await templates.updateTemplate(request, to('execution'))).template)
    },
  }),
  deleteTemplate: silentEndpoint({
    summary: 'Deletes a template that no rotation policy uses',
    input: { params: byId },
    handle: ({ params }, { version, to }) =>
      templates.deleteTemplate({ ...params, version }, to('execution')),
  }),
})

const templateOf = (message: Template | undefined): z.input<typeof template> => {
  const found = present(message)
  return { ...found, createdAt: momentOf(found.createdAt), updatedAt: momentOf(found.updatedAt) }
}
