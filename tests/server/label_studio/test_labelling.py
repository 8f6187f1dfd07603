"""What a project's configuration says of its classes, and what is none."""

import pytest

from server.label_studio.labelling import is_begun, labelling_of
from server.store.errors import UnusableLabel
from server.web.errors import Malformed

IMAGE = '<Image name="picture" value="$url"/>'


def view(choices: str, image: str = IMAGE, to: str = "picture") -> str:
    return f'<View>{image}<Choices name="kind" toName="{to}" choice="single">{choices}</Choices></View>'


@pytest.mark.parametrize(
    ("choice", "label", "said"),
    [
        ('<Choice value="7"/>', "7", "7"),
        ('<Choice value="Cat"/>', "cat", "Cat"),
        ('<Choice value="猫"/>', "猫", "猫"),
        ('<Choice value="a"/><Choice value="A"/>', "A", "A"),
        ('<Choice value="Seven" alias="7"/>', "7", "7"),
        ('<Choice value="Car" predicted_values="truck, car"/>', "truck", "Car"),
        ('<Choice value="truck" predicted_values="lorry"/><Choice value="Truck"/>', "truck", "Truck"),
        ('<Choice value="Animal"><Choice value="cat"/></Choice>', "cat", "cat"),
        ("", "any", "any"),  # each task makes its own
    ],
)
def test_a_label_and_a_choice_stand_for_each_other(choice: str, label: str, said: str) -> None:
    labelling = labelling_of(view(choice))
    assert (labelling.control, labelling.image, labelling.key) == ("kind", "picture", "url")
    assert labelling.choice_of(label) == said
    assert labelling.label_of(said, [label, "other"]) == label


def test_what_stands_for_nothing_or_for_two_is_said() -> None:
    labelling = labelling_of(view('<Choice value="Car" predicted_values="truck,car"/>'))
    with pytest.raises(UnusableLabel, match="truck, car"):
        labelling.label_of("Car", ["truck", "car"])
    with pytest.raises(UnusableLabel, match="'cat'"):
        labelling.choice_of("cat")
    assert labelling.label_of("new", ["truck", "car"]) == "new"  # which the classes judge


def test_the_control_is_the_one_about_a_picture() -> None:
    text = '<Text name="text" value="$text"/><Choices name="mood" toName="text"><Choice value="good"/></Choices>'
    labelling = labelling_of(view('<Choice value="7"/>').replace("<View>", "<View>" + text))
    assert labelling.control == "kind"


@pytest.mark.parametrize(
    "text",
    [
        *(None, 7, "", "no XML", "<View>", "\0", "\ud800", [view("")]),
        *("<View/>", f"<View>{IMAGE}</View>", view("", to="another"), view("", image="")),
        view("", image='<Image name="picture" value="http://a/b.png"/>'),
        view("", image='<Image name="picture"/>'),
        f'<View>{IMAGE}<RectangleLabels name="kind" toName="picture"/></View>',
        "<View>" + " " * 2**17 + "</View>",
        "<a>" * 10_000 + "</a>" * 10_000,
    ],
)
def test_what_is_no_classification_of_pictures_is_malformed(text: object) -> None:
    with pytest.raises(Malformed, match="labelling configuration"):
        labelling_of(text)  # type: ignore[arg-type]


def test_what_declares_entities_is_never_parsed() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>' + view('<Choice value="&b;"/>')
    for text in (
        bomb,
        bomb.replace("DOCTYPE", "doctype"),
        bomb.replace("<!DOCTYPE a", "<?xml version='1.0'?><!DOCTYPE\ta"),
    ):
        with pytest.raises(Malformed, match="declare nothing"):
            labelling_of(text)


@pytest.mark.parametrize(("text", "begun"), [(None, False), ("", False), ("<View></View>", False), (view(""), True)])
def test_a_new_project_has_said_nothing_yet(text: str | None, begun: bool) -> None:
    assert is_begun(text) is begun
