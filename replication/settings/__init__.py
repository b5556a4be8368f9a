"""params.yaml, typed: the one meaning of each key, with its unit and its page.

There are no defaults here: values stand in params.yaml alone, and a missing key is an error.
"""

from replication.settings.document import Settings as Settings
from replication.settings.loading import changed as changed
from replication.settings.loading import load as load
from replication.settings.loading import options as options
from replication.settings.loading import parse as parse
from replication.settings.loading import value_at as value_at
from replication.settings.recipes import AnyRecipe as AnyRecipe
from replication.settings.recipes import Classifier as Classifier
from replication.settings.recipes import Combined as Combined
from replication.settings.recipes import Modern as Modern
from replication.settings.recipes import Recipe as Recipe
from replication.settings.sections import Amount as Amount
from replication.settings.sections import Count as Count
from replication.settings.sections import Neutral as Neutral
from replication.settings.sections import Positive as Positive
from replication.settings.sections import Real as Real
from replication.settings.sections import Section as Section
from replication.settings.stages import Compare as Compare
from replication.settings.stages import Train as Train
from replication.settings.studies import Causes as Causes
from replication.settings.studies import Collapse as Collapse
from replication.settings.studies import Hypothesis as Hypothesis
from replication.settings.studies import Invariance as Invariance
from replication.settings.studies import Noncharacters as Noncharacters
from replication.settings.studies import Readings as Readings
from replication.settings.training import Criterion as Criterion
from replication.settings.training import Distortions as Distortions
from replication.settings.training import Optimiser as Optimiser
from replication.settings.training import Prepare as Prepare
from replication.settings.training import Range as Range
from replication.settings.training import Rules as Rules
from replication.settings.training import Sdlm as Sdlm
from replication.settings.training import Squashing as Squashing
from replication.settings.training import Subsampling as Subsampling
