"""A network of the trainer's own description (`moodbox-trainer bench --json`) in PyTorch, to be trained beside it."""

import torch
from torch import nn


def padding(kernel):
    return [size // 2 for size in kernel]


class Network(nn.Module):
    """The layers of a description, in its order; unknown ones and unknown fields are refused."""

    def __init__(self, description):
        super().__init__()
        height, width, channels = description["input"]
        self.nodes = [node["operation"] for node in description["nodes"]]
        self.shapes = {"input": (channels, height, width)}
        layers = []
        for index, (operation, node) in enumerate(zip(self.nodes, description["nodes"], strict=True)):
            ((kind, fields),) = operation.items()
            layers.append(self.layer(kind, dict(fields), node["output"][2]))
            out_height, out_width, out_channels = node["output"]
            self.shapes[index] = (out_channels, out_height, out_width)
        self.layers = nn.ModuleList(layers)

    @staticmethod
    def source(tensor):
        return "input" if tensor == "Input" else tensor["Node"]

    def layer(self, kind, fields, channels):
        """The layer of an operation; what remains of its fields is not known here."""
        read = self.shapes[self.source(fields.pop("of"))]
        fields.pop("and", None)
        if kind == "Convolution":
            kernel, stride, norm = fields.pop("kernel"), fields.pop("stride"), fields.pop("norm")
            made = [nn.Conv2d(read[0], channels, kernel, stride, padding(kernel), bias=not norm)]
            made += [nn.BatchNorm2d(channels)] if norm else []
            layer = nn.Sequential(*made, self.activation(fields.pop("activation")))
        elif kind == "Dense":
            inputs = read[0] * read[1] * read[2]
            layer = nn.Sequential(nn.Flatten(), nn.Linear(inputs, channels), self.activation(fields.pop("activation")))
        elif kind == "MaxPool":
            layer = nn.MaxPool2d(fields.pop("window"))
        elif kind == "GlobalAveragePool":
            layer = nn.AdaptiveAvgPool2d(1)
        elif kind == "Dropout":
            layer = nn.Dropout(fields.pop("probability"))
        elif kind in ("Add", "Concat"):
            layer = nn.Identity()
        else:
            raise ValueError(f"no layer for the operation {kind}")
        if fields:
            raise ValueError(f"{kind} has fields that are not known here: {', '.join(fields)}")
        return layer

    @staticmethod
    def activation(name):
        return {"None": nn.Identity, "Relu": nn.ReLU, "Relu6": nn.ReLU6}[name]()

    def forward(self, inputs):
        outputs = []

        def read(tensor):
            return inputs if tensor == "Input" else outputs[tensor["Node"]]

        for layer, operation in zip(self.layers, self.nodes, strict=True):
            ((kind, fields),) = operation.items()
            if kind == "Add":
                output = torch.relu(read(fields["of"]) + read(fields["and"]))
            elif kind == "Concat":
                output = torch.cat([read(fields["of"]), read(fields["and"])], 1)
            else:
                output = layer(read(fields["of"]))
                if kind == "Dense":
                    output = output[:, :, None, None]
            outputs.append(output)
        return outputs[-1].flatten(1)
