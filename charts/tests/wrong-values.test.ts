import { describe, expect, it } from 'vitest'
import { missingKubernetesTools } from '../tools/kubernetes-tools.ts'
import { renderWith } from './rendered.ts'
import { needs } from './needs.ts'

const missing = missingKubernetesTools()
needs(missing)

/** What is wrong, as `--set-json` takes it, and the key that the message must name. */
const wrong: readonly (readonly [setting: string, key: string])[] = [
  ['image={"tag":"1"}', 'image'],
  ['images.registry=""', '/images/registry'],
  ['images.tag="with space"', '/images/tag'],
  ['images.digests={"vault":"sha256:short"}', '/images/digests/vault'],
  ['images.digests={"vualt":"sha256:0"}', 'vualt'],
  ['logLevel="loud"', '/logLevel'],
  ['database.password="secret"', 'password'],
  ['database.existingSecrets.vault=""', '/database/existingSecrets/vault'],
  ['database.adminSecret=7', '/database/adminSecret'],
  ['kafka.brokers=["kafka"]', '/kafka/brokers/0'],
  ['kafka.users={"vault":{"name":"vault"}}', '/kafka/users/vault'],
  ['kafka.users={"gateway":{"certificateSecret":"x"}}', 'gateway'],
  ['networkPolicy.kafka.peers=[]', '/networkPolicy/kafka/peers'],
  ['certificates.certManager.duration="30 days"', '/certificates/certManager/duration'],
  ['targets.forbidden=[]', '/targets/forbidden'],
  ['targets.forbidden=["10.0.0.0"]', '/targets/forbidden/0'],
  ['targets.networks=["everywhere"]', '/targets/networks/0'],
  ['targets.ports=[70000]', '/targets/ports/0'],
  ['receivers.networks=["300.0.0.0/8"]', '/receivers/networks/0'],
  ['route.hostnames=["https://sallyport.example"]', '/route/hostnames/0'],
  ['route.parentRefs=[]', '/route/parentRefs'],
  ['networkPolicy.database.peers=[]', '/networkPolicy/database/peers'],
  ['networkPolicy.database.peers=[{}]', '/networkPolicy/database/peers/0'],
  ['networkPolicy.sshNetworks=[]', '/networkPolicy/sshNetworks'],
  ['monitoring.podMonitor.enabled="yes"', '/monitoring/podMonitor/enabled'],
  ['services.vault.replicas=0', '/services/vault/replicas'],
  ['services.vault.replicas="2"', '/services/vault/replicas'],
  ['services.vualt={}', 'vualt'],
  ['services.vault.settings.showSecond=10', 'showSecond'],
  ['services.vault.settings.ticketSeconds=301', '/services/vault/settings/ticketSeconds'],
  ['services.vault.resources.limits=null', '/services/vault/resources'],
  ['services.vault.resources.limits.memory="a lot"', '/services/vault/resources/limits/memory'],
  ['services.vault.whenUnsatisfiable="Never"', '/services/vault/whenUnsatisfiable'],
  ['services.gateway.settings.origins=["sallyport.example"]', '/services/gateway/settings/origins/0'],
  ['services.gateway.settings.trustedProxies=["*"]', '/services/gateway/settings/trustedProxies/0'],
  ['services.gateway.autoscaling.cpuPercent=200', '/services/gateway/autoscaling/cpuPercent'],
  ['services.session-proxy.loadBalancer.type="Internal"', '/services/session-proxy/loadBalancer/type'],
  ['services.session-proxy.settings.drainSeconds=-1', '/services/session-proxy/settings/drainSeconds'],
  ['services.session-proxy.storage.accessMode="ReadWriteOnce"', '/services/session-proxy/replicas'],
  ['services.audit.environment={"NODE_OPTIONS":"--inspect"}', 'environment'],
]

describe('Values that are wrong', () => {
  it('are refused in messages that name the key', () => {
    const answers = wrong.map(([setting, key]) => {
      const { status, stderr } = renderWith('values-standard.yaml', setting)
      return { setting, refused: status !== 0, named: stderr.includes(`'${key}'`) }
    })
    expect(answers.filter(({ refused, named }) => !refused || !named)).toEqual([])
  })

  it('are refused where they allow a network that they forbid', () => {
    const { status, stderr } = renderWith('values-small.yaml', 'targets.networks=["10.244.3.0/24"]')
    expect(status).not.toBe(0)
    expect(stderr).toContain(
      'targets.forbidden: 10.244.0.0/16 forbids all of 10.244.3.0/24, which targets.networks',
    )
  })
})
