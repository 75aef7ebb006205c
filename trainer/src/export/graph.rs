//! A graph in the making, as the protobuf types of ONNX have it.

use onnx_ir::{AttributeProto, AttributeType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};

/// Version of the file format that came with [`OPSET`].
const IR_VERSION: i64 = 7;

/// Version of the operators: the first whose `DequantizeLinear` has a scale for each channel.
const OPSET: i64 = 13;

/// `TensorProto.DataType.FLOAT`.
const FLOAT: i32 = 1;

/// A number that a constant can hold.
pub(super) trait Element: Copy {
    /// `TensorProto.DataType`.
    const DATA_TYPE: i32;
    /// Appends its bytes, little-endian.
    fn append_to(self, bytes: &mut Vec<u8>);
}

macro_rules! element {
    ($($number:ty: $data_type:expr),*) => {$(
        impl Element for $number {
            const DATA_TYPE: i32 = $data_type;
            fn append_to(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
element!(f32: FLOAT, i8: 3, i32: 6, i64: 7);

/// A graph to which inputs, constants and nodes are added in the order of the computation; each hands out the name of its value.
#[derive(Default)]
pub(super) struct Graph {
    graph: GraphProto,
}

impl Graph {
    /// A graph of this name.
    pub(super) fn new(name: &str) -> Self {
        Self { graph: GraphProto { name: name.to_owned(), ..GraphProto::default() } }
    }

    /// What is to be fed: a float tensor.
    pub(super) fn input(&mut self, name: &str, dims: &[usize]) -> String {
        self.graph.input.push(float_value(name, dims));
        name.to_owned()
    }

    /// A constant; one without `dims` is a scalar.
    pub(super) fn constant<T: Element>(&mut self, name: String, dims: &[usize], values: &[T]) -> String {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        let mut bytes = Vec::with_capacity(size_of_val(values));
        values.iter().for_each(|value| value.append_to(&mut bytes));
        self.graph.initializer.push(TensorProto {
            name: name.clone(),
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: T::DATA_TYPE,
            raw_data: bytes.into(),
            ..TensorProto::default()
        });
        name
    }

    /// A node with one output, which bears the node's name.
    pub(super) fn node(
        &mut self,
        name: String,
        operator: &str,
        inputs: &[&str],
        attributes: impl IntoIterator<Item = AttributeProto>,
    ) -> String {
        self.graph.node.push(NodeProto {
            name: name.clone(),
            op_type: operator.to_owned(),
            input: inputs.iter().map(|&input| input.to_owned()).collect(),
            output: vec![name.clone()],
            attribute: attributes.into_iter().collect(),
            ..NodeProto::default()
        });
        name
    }

    /// What comes out: a float tensor that a node makes.
    pub(super) fn output(&mut self, name: &str, dims: &[usize]) {
        self.graph.output.push(float_value(name, dims));
    }

    /// What is there, then the nodes, constants and outputs of another, which reads what is made here.
    pub(super) fn followed_by(mut self, other: GraphProto) -> GraphProto {
        self.graph.node.extend(other.node);
        self.graph.initializer.extend(other.initializer);
        self.graph.value_info.extend(other.value_info);
        self.graph.output.extend(other.output);
        self.graph
    }

    /// The model without its metadata.
    pub(super) fn into_model(self) -> ModelProto {
        let mut model = ModelProto { ir_version: IR_VERSION, graph: Some(self.graph).into(), ..ModelProto::default() };
        model.opset_import.push(Default::default());
        model.opset_import[0].version = OPSET;
        model
    }
}

impl From<GraphProto> for Graph {
    fn from(graph: GraphProto) -> Self {
        Self { graph }
    }
}

/// A word.
pub(super) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        type_: AttributeType::STRING.into(),
        s: value.as_bytes().to_vec().into(),
        ..AttributeProto::default()
    }
}

/// Several whole numbers.
pub(super) fn ints<T: Into<i64>>(name: &str, values: impl IntoIterator<Item = T>) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        type_: AttributeType::INTS.into(),
        ints: values.into_iter().map(Into::into).collect(),
        ..AttributeProto::default()
    }
}

/// A whole number.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), type_: AttributeType::INT.into(), i: value, ..AttributeProto::default() }
}

fn float_value(name: &str, dims: &[usize]) -> ValueInfoProto {
    let mut info = ValueInfoProto { name: name.to_owned(), ..ValueInfoProto::default() };
    let tensor = info.type_.mut_or_insert_default().mut_tensor_type();
    tensor.elem_type = FLOAT;
    let shape = tensor.shape.mut_or_insert_default();
    for &dim in dims {
        shape.dim.push(Default::default());
        if let Some(last) = shape.dim.last_mut() {
            last.set_dim_value(dim as i64);
        }
    }
    info
}
