import base64, json, numpy as np
from pathlib import Path
from replication.comparison import paper
from replication.core.settings import load
from replication.core.networks import catalogue
from replication.core.mnist import databases
from replication.core.learning.engine import Engine
from replication.core.learning.optimisers import Situation, load_optimiser
from replication.core.learning.presentations import OriginalPool, present_order
from replication.core.learning.trainer import draw_first_parameters
from replication.core.learning.identity import sha256
import glob, inspect
s = load(Path("params.yaml")); r = s.experiments["lenet5"]
net = catalogue.network(r.network, r.database, paper.load(Path("data/paper")))
f = sorted(glob.glob("data/prepared/*")) ; print(f)
R = Path('data/raw')
images, labels = databases.read_images(next(R.rglob('train-images*'))), databases.read_labels(next(R.rglob('train-labels*')))
lv = databases.grey_levels(*r.inputs.ends)
e = Engine(net, r.rules, lv); w = draw_first_parameters(net, r, 0)
pool = OriginalPool(images, labels, r.training_patterns)
steps = load_optimiser(r)(Situation(e, pool, r, 0, 0, w, {}))
order = present_order(r, 0, pool.size, 0)[:100]
L = e._levels; b = np.pad(images[order], ((0,0),(2,2),(2,2))).astype("f8") * float(L.scale) + float(L.background); b = b.astype("<f4"); q = w.copy(); e.train(q, steps, images, labels, order[:1])
en = lambda a: base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()
t = w.copy(); h = e.train(t, steps, images, labels, order, marks=(1, 100)).hashes; print(h)
c = r.rules.criterion
json.dump(dict(layers=[dict(kind=l.kind.value, table=l.table, outputs=l.outputs, offset=l.offset, weights=l.weights) for l in net.trainable],
 codes=net.codes.tolist(), amplitude=r.rules.squashing.amplitude, slope=r.rules.squashing.slope, share=r.rules.subsampling.share, distance=c.distance, divisor=c.divisor, j=c.j,
 w1=en(q), w=en(w), steps=en(steps.astype("<f4")), fields=en(b), labels=labels[order].tolist(), hashes=h), open("data.json", "w"))
