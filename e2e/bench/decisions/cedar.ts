import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { groupsOf, type Question, type Size } from './world.ts'

const policyOf = (group: number): string => `
  permit (principal in Group::"group-${group}", action == Action::"session", resource)
  when { resource.tags.contains("team-${group}") && (resource.name == "root" || resource.name like "adm-*") };`

/** The same access groups as policies of Cedar, parsed beforehand. */
export const openCedar = (size: Size): ((question: Question) => boolean) => {
  const id = `groups-${size.groups}`
  const staticPolicies = Array.from({ length: size.groups }, (_, group) => policyOf(group)).join('\n')
  const parsed = preparsePolicySet(id, { staticPolicies })
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
  return ({ user, target }) => {
    const principal = { type: 'User', id: `user-${user}` }
    const resource = { type: 'Target', id: target.credentialId }
    const groups = [...new Set(groupsOf(user, size))].map(group => ({ type: 'Group', id: `group-${group}` }))
    const answer = statefulIsAuthorized({
      principal,
      resource,
      action: { type: 'Action', id: 'session' },
      context: {},
      preparsedPolicySetId: id,
      validateRequest: false,
      entities: [
        { uid: principal, attrs: {}, parents: groups },
        { uid: resource, attrs: { name: target.username, tags: [...target.deviceTags] }, parents: [] },
      ],
    })
    if (answer.type !== 'success') throw new Error(JSON.stringify(answer))
    return answer.response.decision === 'allow'
  }
}
