"""params.yaml, typed: the one meaning of each key, with its unit and its page.

There are no defaults here: values stand in params.yaml alone, and a missing key is an error.
"""

from replication.core.settings.loading import Settings as Settings
from replication.core.settings.loading import change_recipe as change_recipe
from replication.core.settings.loading import get_by_path as get_by_path
from replication.core.settings.loading import load as load
from replication.core.settings.loading import parse as parse
from replication.core.settings.loading import parse_options as parse_options
from replication.core.settings.recipes import AnyRecipe as AnyRecipe
from replication.core.settings.recipes import Classifier as Classifier
from replication.core.settings.recipes import Combined as Combined
from replication.core.settings.recipes import Modern as Modern
from replication.core.settings.recipes import Recipe as Recipe
from replication.core.settings.studies import Causes as Causes
from replication.core.settings.studies import Collapse as Collapse
from replication.core.settings.studies import Compare as Compare
from replication.core.settings.studies import Hypothesis as Hypothesis
from replication.core.settings.studies import Invariance as Invariance
from replication.core.settings.studies import Noncharacters as Noncharacters
from replication.core.settings.studies import Plain as Plain
from replication.core.settings.studies import Readings as Readings
from replication.core.settings.studies import Train as Train
from replication.core.settings.training import Amount as Amount
from replication.core.settings.training import Count as Count
from replication.core.settings.training import Criterion as Criterion
from replication.core.settings.training import Distortions as Distortions
from replication.core.settings.training import Inputs as Inputs
from replication.core.settings.training import Neutral as Neutral
from replication.core.settings.training import Optimiser as Optimiser
from replication.core.settings.training import Positive as Positive
from replication.core.settings.training import Prepare as Prepare
from replication.core.settings.training import Range as Range
from replication.core.settings.training import Real as Real
from replication.core.settings.training import Rules as Rules
from replication.core.settings.training import Sdlm as Sdlm
from replication.core.settings.training import Section as Section
from replication.core.settings.training import Squashing as Squashing
from replication.core.settings.training import Subsampling as Subsampling
