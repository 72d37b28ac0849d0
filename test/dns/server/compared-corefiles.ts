/** Configurations whose replies must not depend on the way they are sent: every word of the Corefile is in one of them. */

import { clientAddresses } from "./four-servers.ts";

export interface ComparedCorefile {
  /** `bind` is that word with an address, `upstream` an address and port. */
  readonly corefile: (bind: string, upstream: string) => string;
  /** Files that the Corefile names; `server.pem` and `server.key` are always there. */
  readonly files?: Readonly<Record<string, string>>;
  readonly dropsQueries?: boolean;
  /** Of replies that are ready; a thousand without it. */
  readonly leastHits?: number;
}

const kubeadm =
  "kubernetes cluster.local in-addr.arpa ip6.arpa {\n pods insecure\n fallthrough in-addr.arpa ip6.arpa\n ttl 30\n}";
const wholeCluster = `kubernetes cluster.local clusterset.local in-addr.arpa ip6.arpa {
        pods verified
        endpoint_pod_names
        zonal
        ignore empty_service
        multicluster clusterset.local
        fallthrough
    }`;

const zoneFile = `$ORIGIN lab.
@ 60 IN SOA ns hostmaster 1 2 3 4 5
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
web 60 IN A 192.0.2.2
web 60 IN A 192.0.2.3
mail 0 IN MX 10 web
www 60 IN CNAME web
*.wild 60 IN TXT "any"
sub 60 IN NS ns.sub
ns.sub 60 IN A 192.0.2.9
`;

export const comparedCorefiles: Readonly<Record<string, ComparedCorefile>> = {
  "as kubeadm writes it": {
    corefile: (bind, upstream) => `. {
    ${bind}
    errors
    health 127.0.0.1:1 {
       lameduck 5s
    }
    ready 127.0.0.1:1
    ${kubeadm}
    prometheus 127.0.0.1:1
    forward . ${upstream} {
       max_concurrent 1000
    }
    cache 30 {
       disable success cluster.local
       disable denial cluster.local
    }
    loop
    reload
    loadbalance
}`,
  },
  "with a log, every kind of name and the cluster first": {
    corefile: (bind, upstream) => `. {
    ${bind}
    root .
    debug
    errors
    log . "{combined} {>id} {>bufsize} {>do} {rsize} {common}"
    prometheus 127.0.0.1:1
    loadbalance round_robin
    cache 20 {
      keepttl
    }
    hosts {
      192.0.2.7 web.lab
      192.0.2.8 web.lab
      2001:db8::7 web.lab
      ttl 1
      fallthrough
    }
    k8s_external example.org {
      headless
    }
    ${wholeCluster}
    forward . ${upstream}
}`,
  },
  "with no order of addresses, and a zone for each plugin": {
    files: { "lab.zone": zoneFile },
    corefile: (bind, upstream) => `cluster.local in-addr.arpa {
    ${bind}
    multisocket 1
    minimal
    kubernetes {
      pods disabled
      ttl 0
      noendpoints
    }
}
lab {
    ${bind}
    prometheus 127.0.0.1:1
    file lab.zone
    transfer {
      to 127.0.0.9
    }
}
shop.svc.cluster.local {
    ${bind}
    header {
      response set ra
      query clear rd
    }
    bufsize 512
    kubernetes cluster.local {
      pods verified
      ttl 3600
    }
}
example.net {
    ${bind}
    cache {
      success 1000 60 10
      denial 1000 7
      prefetch 2 1m 50%
      serve_stale 1h immediate
      servfail 0
    }
    forward . ${upstream} {
      except cold.example.net
      policy sequential
    }
}`,
  },
  "with words that change questions and answers": {
    corefile: (bind, upstream) => `. {
    ${bind}
    prometheus 127.0.0.1:1
    nsid here
    any
    chaos version-1 somebody
    local
    dns64 {
      allow_ipv4
    }
    loadbalance
    rewrite name suffix .example.com .shop.svc.cluster.local answer auto
    rewrite ttl exact short.example.net 3
    cache 30 {
      serve_stale 1h verify
    }
    template IN ANY made.example.net {
      match ^a(?P<n>\\d+)[.]
      answer "{{ .Name }} 7 IN A 192.0.2.{{ .Group.n }}"
      fallthrough
    }
    header {
      response set ra
      response clear aa
    }
    ${kubeadm}
    forward . ${upstream}
}`,
  },
  "with words that ask who the client is": {
    leastHits: 0,
    corefile: (bind, upstream) => `cluster.local {
    ${bind}
    autopath @kubernetes
    loadbalance
    kubernetes {
      pods verified
    }
    forward . ${upstream}
}
example.net {
    ${bind}
    rewrite edns0 local set 0xffee {client_ip}
    cache 30
    forward . ${upstream}
}
. {
    ${bind}
    metadata
    log . "{remote} {name} {/kubernetes/namespace} {/kubernetes/client-namespace}"
    loadbalance {
      prefer 10.1.0.2/31
    }
    rewrite type ANY A
    acl example.org {
      block type MX net ${clientAddresses[0]}
      filter net ${clientAddresses[1]}
    }
    cache 30
    ${wholeCluster}
    forward . ${upstream}
}`,
  },
  "with rules for names only": {
    corefile: (bind, upstream) => `. {
    ${bind}
    errors
    tls server.pem server.key
    timeouts {
      read 5s
    }
    https {
      max_connections 5
    }
    loadbalance
    rewrite name web.lab web.shop.svc.cluster.local
    rewrite stop {
      name regex (.*)\\.example\\.org {1}.svc.cluster.local answer auto
    }
    rewrite type MX A
    cache 10
    ${kubeadm}
    forward . ${upstream}
}`,
  },
  "with clients that are let down": {
    dropsQueries: true,
    leastHits: 0,
    corefile: bind => `. {
    ${bind}
    log
    prometheus 127.0.0.1:1
    loadbalance weighted weights {
      reload 0s
    }
    acl shop.svc.cluster.local {
      drop type SRV net ${clientAddresses[0]}
      allow
    }
    ${wholeCluster}
    erratic {
      drop 3
      truncate 2
      large
    }
}`,
    files: { weights: "web.shop.svc.cluster.local\n10.96.0.1 3\n10.96.0.2 1\n" },
  },
  "with a client's own address": { leastHits: 0, corefile: bind => `. {\n ${bind}\n local\n whoami\n}` },
};
