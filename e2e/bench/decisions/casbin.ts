import { newEnforcer, newModelFromString, StringAdapter } from 'casbin'
import { groupsOf, type Question, type Size } from './world.ts'

const model = `
[request_definition]
r = sub, team, name
[policy_definition]
p = sub, team, name
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.team == p.team && (r.name == "root" || keyMatch(r.name, p.name))
`

/** The same access groups as policies of casbin, for the users that are asked about. */
export const openCasbin = async (
  size: Size,
  questions: readonly Question[],
): Promise<(question: Question) => boolean> => {
  const policies = Array.from(
    { length: size.groups },
    (_, group) => `p, group-${group}, team-${group}, adm-*`,
  )
  const users = new Set(questions.map(({ user }) => user))
  const members = [...users].flatMap(user =>
    groupsOf(user, size).map(group => `g, user-${user}, group-${group}`),
  )
  const enforcer = await newEnforcer(
    newModelFromString(model),
    new StringAdapter([...policies, ...members].join('\n')),
  )
  return ({ user, target }) => enforcer.enforceSync(`user-${user}`, target.deviceTags[0], target.username)
}
