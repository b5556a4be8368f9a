"""What all groups of keys in params.yaml are, and the kinds of values in them."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt

# Numbers are strict: true is no 1, and '15000' no 15000. A whole number may stand for a real one.
Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Positive = Annotated[Real, Field(gt=0)]
Count = Annotated[int, Field(gt=0, strict=True)]
Seed = Annotated[int, Field(ge=0, strict=True)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Database = Literal["regular", "deslanted", "sixteen", "cropped", "sixteen-boxed"]
Options = dict[str, StrictBool | StrictInt | StrictFloat | str]
Amount = Annotated[Real, Field(ge=0)]
Level = StrictInt | StrictFloat | str


class Neutral(NamedTuple):
    """Says in a field's declaration at which value the field changes nothing.

    `Section.effective` leaves the field out there, so that a setting that is added with the value
    that it always had makes no replicate stale.
    """

    value: Any


class Section(BaseModel):
    """A group of keys: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def effective(self) -> dict[str, Any]:
        """Return the values as JSON has them, without those at which their field is `Neutral`.

        A group of which nothing is left is left out too.
        """
        neutral = {
            name
            for name, field in type(self).model_fields.items()
            if Neutral(getattr(self, name)) in field.metadata
        }
        below = {
            name: value.effective()
            for name, value in self
            if isinstance(value, Section) and name not in neutral
        }
        rest = self.model_dump(mode="json", exclude=neutral | set(below))
        return rest | {name: group for name, group in below.items() if group}
